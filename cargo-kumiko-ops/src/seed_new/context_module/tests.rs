#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

fn dependency(features: &[&str]) -> Dependency {
    let dependency = json!({
        "name": "kumiko-seeds", "req": "*", "kind": null, "optional": false,
        "uses_default_features": true, "features": features,
    });
    serde_json::from_value(dependency).unwrap()
}

fn chosen(library: &[&str], features: &[(&str, &[&str])]) -> &'static str {
    let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    let features = features
        .iter()
        .map(|(name, list)| ((*name).to_owned(), own(list)))
        .collect();
    database(&dependency(library), "kumiko-seeds", &features)
}

#[test]
fn the_features_say_which_database() {
    assert_eq!(chosen(&["postgres"], &[]), "postgres");
    assert_eq!(chosen(&["sqlite", "migrate"], &[]), "sqlite");
    assert_eq!(chosen(&["sqlite", "postgres"], &[]), "postgres");
    assert_eq!(chosen(&[], &[]), "postgres");
}

#[test]
fn default_features_come_before_the_others() {
    let both: [(&str, &[&str]); 2] = [
        ("embedded", &["kumiko-seeds/sqlite"]),
        ("server", &["kumiko-seeds?/postgres"]),
    ];
    let with_default = |default: &'static [&'static str]| {
        let mut features: Vec<(&str, &[&str])> = both.to_vec();
        features.push(("default", default));
        chosen(&["migrate"], &features)
    };
    assert_eq!(with_default(&["embedded"]), "sqlite");
    assert_eq!(with_default(&["server"]), "postgres");
    assert_eq!(with_default(&[]), "postgres");
    assert_eq!(chosen(&[], &both[..1]), "sqlite");
    assert_eq!(
        chosen(&[], &[("default", &["a"]), ("a", &["default"])]),
        "postgres"
    );
    assert_eq!(chosen(&[], &[("default", &["other/sqlite"])]), "postgres");
}

#[test]
fn an_app_may_have_a_module_of_its_own() {
    for (source, module) in [
        (
            "use crate::database::{SeedContext, SeedResult};",
            Some("crate::database"),
        ),
        (
            "use ::app::db::SeedContext; use ::app::db::SeedResult;",
            Some("::app::db"),
        ),
        (
            "use kumiko_seeds::{sqlite::{SeedContext, SeedResult}, json};",
            Some("kumiko_seeds::sqlite"),
        ),
        (
            "use kumiko_seeds::SeedResult; use kumiko_seeds::sqlite::SeedContext;",
            None,
        ),
        (
            "use crate::SeedContext as Context; use crate::SeedResult;",
            None,
        ),
        ("use crate::database::*;", None),
        ("not rust", None),
    ] {
        assert_eq!(imported_from(source).as_deref(), module, "{source}");
    }
}
