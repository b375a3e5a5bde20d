//! The databases that seeds run on, and which of them the features of a dependency name. Pure.

use std::collections::BTreeSet;

use cargo_metadata::Dependency;
use clap::ValueEnum;

use super::features::{Features, enabled};

/// A database that seeds run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    Postgres,
    Sqlite,
}

impl Database {
    /// The feature of `kumiko-seeds`, which is also the name of its module.
    pub(crate) fn feature(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// The pool of sqlx for it.
    pub(crate) fn pool(self) -> &'static str {
        match self {
            Self::Postgres => "PgPool",
            Self::Sqlite => "SqlitePool",
        }
    }
}

/// What the features of a dependency say about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Featured {
    Only(Database),
    Both,
    Neither,
}

impl Featured {
    /// First by what the package enables by default, then by all that it can enable.
    pub(super) fn of(dependency: &Dependency, features: &Features) -> Self {
        let by_default = enabled(["default"], dependency, features);
        let by_any = enabled(features.keys().map(String::as_str), dependency, features);
        match Self::named_by(&by_default) {
            Self::Neither => Self::named_by(&by_any),
            named => named,
        }
    }

    fn named_by(features: &BTreeSet<&str>) -> Self {
        // sqlx-postgres and sqlite-bundled are names, too.
        let has = |name: &str| features.iter().any(|feature| feature.contains(name));
        match (has("postgres"), has("sqlite")) {
            (true, true) => Self::Both,
            (true, false) => Self::Only(Database::Postgres),
            (false, true) => Self::Only(Database::Sqlite),
            (false, false) => Self::Neither,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn featured(dependency: &[&str], features: &[(&str, &[&str])]) -> Featured {
        let dependency = json!({
            "name": "kumiko-seeds", "req": "*", "kind": null, "optional": false,
            "uses_default_features": true, "features": dependency,
        });
        let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let features = features
            .iter()
            .map(|(name, list)| ((*name).to_owned(), own(list)))
            .collect();
        Featured::of(&serde_json::from_value(dependency).unwrap(), &features)
    }

    const POSTGRES: Featured = Featured::Only(Database::Postgres);
    const SQLITE: Featured = Featured::Only(Database::Sqlite);

    #[test]
    fn the_features_say_which_database() {
        assert_eq!(featured(&["postgres"], &[]), POSTGRES);
        assert_eq!(featured(&["sqlite", "migrate"], &[]), SQLITE);
        assert_eq!(featured(&["sqlite", "postgres"], &[]), Featured::Both);
        assert_eq!(featured(&[], &[]), Featured::Neither);
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
            featured(&["migrate"], &features)
        };
        assert_eq!(with_default(&["embedded"]), SQLITE);
        assert_eq!(with_default(&["server"]), POSTGRES);
        assert_eq!(with_default(&[]), Featured::Both);
        assert_eq!(featured(&[], &both[..1]), SQLITE);
        let circle: [(&str, &[&str]); 2] = [("default", &["a"]), ("a", &["default"])];
        assert_eq!(featured(&[], &circle), Featured::Neither);
        let of_another: [(&str, &[&str]); 1] = [("default", &["other/sqlite"])];
        assert_eq!(featured(&[], &of_another), Featured::Neither);
    }
}
