//! Apps that speak to their database with something else than the sqlx of the seeds.

use super::{MANIFEST, files};
use crate::app::App;
use crate::transcript::assert_shows;

fn library_with(dependencies: &str) -> App {
    let app = App::empty();
    app.write("Cargo.toml", &format!("{MANIFEST}{dependencies}\n"));
    app.write("src/lib.rs", "");
    app
}

/// What it says between the changes and the next steps.
#[track_caller]
fn assert_notes(dependencies: &str, arguments: &str, expected: &str) {
    let app = library_with(dependencies);
    let shown = app.command(&format!("init --yes {arguments}")).run();
    let (_, notes) = shown.split_once("-- stderr\n").unwrap();
    let (notes, next) = notes.split_once("next: ").unwrap();
    assert_eq!(notes, expected, "{shown}");
    assert!(!next.contains("cargo add"), "{shown}");
    // The same before it is done.
    let dry = library_with(dependencies);
    let shown = dry.command(&format!("init --dry-run {arguments}")).run();
    assert!(
        shown.ends_with(&format!("-- stderr\n{expected}")),
        "{shown}"
    );
}

#[test]
fn another_version_of_sqlx_is_told_what_it_means() {
    assert_notes(
        "sqlx = { version = \"0.8.6\", features = [\"sqlite\"] }",
        "",
        "\
note: seeds run on SQLite, as the features of sqlx say
note: package shop uses sqlx 0.8.6, and seeds use sqlx 0.9: a pool of the one is none for the other. Both can be in one app, which then compiles two; or go over to sqlx 0.9. Give the seeds a small pool of their own:
    cargo add sqlx@0.9 --rename sqlx_09 --no-default-features
    let pool = sqlx_09::SqlitePool::connect(&url).await?;
",
    );
    for usable in ["\"0.9\"", "\"0.9.3\"", "\"=0.9.0\"", "\">=0.8, <0.10\""] {
        let sqlx = format!("sqlx = {{ version = {usable}, features = [\"postgres\"] }}");
        assert_notes(
            &sqlx,
            "",
            "note: seeds run on PostgreSQL, as the features of sqlx say\n",
        );
    }
}

#[test]
fn a_test_needs_no_sqlx_of_the_app() {
    let app = library_with("sqlx = { version = \"0.8\", features = [\"postgres\"] }");
    app.command("init --yes").run();
    let shown = app.command("seed:new fix --date 2026-03-01 --test").run();
    assert!(
        shown.contains(
            "note: the test needs
    cargo add --dev kumiko-seeds-testing@0.1.0 --features postgres
    cargo add --dev tokio --features macros,rt
"
        ),
        "{shown}"
    );
    let test = app.read("tests/2026_03_01_fix.rs");
    assert!(!test.contains("sqlx"), "{test}");
}

#[test]
fn another_driver_is_told_what_it_means() {
    assert_notes(
        "diesel = { version = \"2\", features = [\"postgres\"] }",
        "",
        "\
note: seeds run on PostgreSQL, as the features of diesel say
note: package shop uses diesel, and seeds use sqlx 0.9: nothing that is written through it is in a seed's transaction. Both can be in one app, and what seeds and their write handlers change is then written with sqlx. Give the seeds a small pool of their own:
    cargo add sqlx@0.9 --no-default-features
    let pool = sqlx::PgPool::connect(&url).await?;
",
    );
    let note = |name: &str| {
        let app = library_with(&format!("{name} = \"0.1\""));
        app.command("init --dry-run").run()
    };
    for (name, database) in [("rusqlite", "SQLite"), ("tokio-postgres", "PostgreSQL")] {
        let shown = note(name);
        let chosen = format!("note: seeds run on {database}, as {name} does\n");
        let told = format!("note: package shop uses {name}, and seeds use sqlx 0.9: ");
        assert!(shown.contains(&chosen) && shown.contains(&told), "{shown}");
    }
}

#[test]
fn a_database_that_seeds_do_not_run_on_is_refused_unless_another_is_named() {
    for (dependency, name) in [
        (
            "sqlx = { version = \"0.9\", features = [\"mysql\"] }",
            "MySQL",
        ),
        (
            "diesel = { version = \"2\", features = [\"mysql\"] }",
            "MySQL",
        ),
        ("mysql_async = \"0.36\"", "MySQL"),
        ("mongodb = \"3\"", "MongoDB"),
    ] {
        let app = library_with(dependency);
        let before = files(&app);
        assert_shows(
            &app.command("init --yes").run(),
            &format!(
                "\
exit 2
-- stderr
error: package shop uses {name}, and seeds run on PostgreSQL and SQLite only
help: if the data that seeds change is in one of these, say in which:
    cargo kumiko-ops init --database postgres
"
            ),
        );
        assert_eq!(files(&app), before);
        let shown = app.command("init --yes --database sqlite").run();
        assert!(shown.starts_with("exit 0\n"), "{shown}");
    }
}
