use std::fs;

use crate::app::{App, seed};

fn ids(app: &App) -> Vec<String> {
    app.printed_seeds()
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn an_untouched_app_is_not_built_again() {
    let app = App::new("untouched");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert!(!app.is_fresh());
    assert!(app.is_fresh());
    assert!(app.is_fresh());
}

#[test]
fn a_seed_that_comes_changes_or_goes_is_noticed() {
    let app = App::new("noticed");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert_eq!(ids(&app), ["2026-05-20-x"]);

    app.write("seeds/2026-05-19-y.rs", seed("Text", ""));
    assert_eq!(ids(&app), ["2026-05-19-y", "2026-05-20-x"]);
    assert!(app.is_fresh());

    app.write("seeds/2026-05-19-y.rs", seed("Other text", ""));
    assert!(app.printed_seeds()[0].contains("Other text"));
    assert!(app.is_fresh());

    app.remove("seeds/2026-05-19-y.rs");
    assert_eq!(ids(&app), ["2026-05-20-x"]);
    assert!(app.is_fresh());

    fs::rename(
        app.path("seeds/2026-05-20-x.rs"),
        app.path("seeds/2026-05-20-z.rs"),
    )
    .unwrap();
    assert_eq!(ids(&app), ["2026-05-20-z"]);
}

#[test]
fn environments_that_cargo_toml_comes_to_name_are_noticed() {
    let app = App::new("environments");
    let seed = seed("Text", "") + "pub const ENVIRONMENTS: &[&str] = &[\"stagign\"];\n";
    app.write("seeds/2026-05-20-x.rs", seed);
    assert_eq!(ids(&app), ["2026-05-20-x"]);
    let manifest = fs::read_to_string(app.path("Cargo.toml")).unwrap();
    let environments = "\n[package.metadata.kumiko-ops]\nenvironments = [\"staging\"]\n";
    app.write("Cargo.toml", manifest + environments);
    let errors = app.errors();
    assert_eq!(errors.len(), 1);
    let start =
        "seeds/2026-05-20-x.rs:9: `ENVIRONMENTS` names \"stagign\", which Cargo.toml does not have";
    assert!(errors[0].contains(start), "{errors:?}");
}

/// What plain builds cannot see, since Cargo goes by times.
#[test]
fn with_another_value_of_the_variable_old_times_do_not_matter() {
    let app = App::new("variable");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    let app = app.with_variable("KUMIKO_SEEDS_REBUILD", "1");
    assert_eq!(ids(&app), ["2026-05-20-x"]);

    app.write("seeds/2026-05-19-y.rs", seed("Text", ""));
    app.make_old("seeds/2026-05-19-y.rs");
    app.make_old("seeds");
    let app = app.with_variable("KUMIKO_SEEDS_REBUILD", "2");
    assert_eq!(ids(&app), ["2026-05-19-y", "2026-05-20-x"]);
    assert!(app.is_fresh(), "the value is the same");

    app.write("seeds/2026-05-19-y.rs", seed("Other text", ""));
    app.make_old("seeds/2026-05-19-y.rs");
    let app = app.with_variable("KUMIKO_SEEDS_REBUILD", "3");
    assert!(app.printed_seeds()[0].contains("Other text"));

    app.remove("seeds/2026-05-19-y.rs");
    app.make_old("seeds");
    assert_eq!(
        ids(&app),
        ["2026-05-20-x"],
        "a file that is gone is noticed anyway"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error_until_it_is() {
    let app = App::new("no-folder");
    let error = "seeds: there is no such folder; create it, or correct the name in build.rs: \
                 mkdir -p seeds && touch seeds/.gitkeep (git keeps no empty folder)";
    assert_eq!(app.errors(), [error]);
    assert_eq!(app.errors(), [error], "it is reported again");

    app.write("old/2026-05-20-x.rs", seed("Text", ""));
    app.make_old("old/2026-05-20-x.rs");
    app.make_old("old");
    fs::rename(app.path("old"), app.path("seeds")).unwrap();
    assert_eq!(ids(&app), ["2026-05-20-x"]);
    assert!(app.is_fresh());

    fs::remove_dir_all(app.path("seeds")).unwrap();
    assert_eq!(app.errors(), [error]);

    let status = std::process::Command::new("sh")
        .args(["-c", "mkdir -p seeds && touch seeds/.gitkeep"])
        .current_dir(app.path(""))
        .status();
    assert!(status.unwrap().success());
    assert_eq!(ids(&app), [""; 0]);
    assert!(app.is_fresh(), "nothing has changed since the folder came");
}

#[test]
fn a_folder_whose_name_has_a_slip_is_an_error() {
    let app = App::with_build_script("slip", "kumiko_seeds_build::compile(\"seed\");");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert_eq!(
        app.errors(),
        ["seed: there is no such folder, but there is seeds; correct the name in build.rs"]
    );
}

#[test]
fn a_build_that_failed_succeeds_once_the_seed_is_right() {
    let app = App::new("repaired");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    assert!(!app.is_fresh());
    app.write("seeds/2026-05-20-x.rs", seed("", ""));
    assert_eq!(app.errors().len(), 1);
    assert_eq!(app.errors().len(), 1, "it is reported again");
    app.write("seeds/2026-05-20-x.rs", seed("Text again", ""));
    assert!(!app.is_fresh());
    assert!(app.is_fresh());
}
