//! Where the URL of the database comes from.

use crate::app::App;
use crate::database::{SQLITE_TABLE, sqlite};
use crate::transcript::assert_shows;

/// The places in their order, each with a database of its own: the last one that exists is found.
#[test]
fn the_first_place_wins() {
    let app = App::fixture("two-apps");
    let applied = |name: &str| {
        let marker = crate::database::marker(&format!("2026-01-01-in-{name}"));
        let file = app.path(&format!("billing/{name}.db"));
        sqlite(&file, &format!("{SQLITE_TABLE}{marker}"));
    };
    let found = |options: &str, variable: Option<&str>| {
        let call = app.command(&format!("seed:status -p billing {options}"));
        match variable {
            Some(url) => call.variable("DATABASE_URL", url).run(),
            None => call.run(),
        }
    };
    let assert_found = |shown: &str, name: &str| {
        assert!(
            shown.contains(&format!("missing  2026-01-01-in-{name} ")),
            "{shown}"
        );
    };

    applied("settings");
    let settings = "\n[package.metadata.kumiko-ops]\ndatabase-url = \"sqlite:settings.db\"\n";
    app.write(
        "billing/Cargo.toml",
        &(app.read("billing/Cargo.toml") + settings),
    );
    assert_found(&found("", None), "settings");

    applied("root");
    app.write(".env", "DATABASE_URL=sqlite://billing/root.db?mode=rw\n");
    assert_found(&found("", None), "root");

    applied("beside");
    // With a byte order mark, as some editors write it.
    app.write(
        "billing/.env",
        "\u{feff}# The database\nexport DATABASE_URL='sqlite:beside.db'\n",
    );
    assert_found(&found("", None), "beside");

    applied("variable");
    assert_found(&found("", Some("sqlite:billing/variable.db")), "variable");
    // An empty variable is how a shell leaves one unset.
    assert_found(&found("", Some("")), "beside");

    applied("flag");
    let flag = "--database-url sqlite:billing/flag.db";
    assert_found(&found(flag, Some("sqlite:billing/variable.db")), "flag");
}

#[test]
fn without_a_database_every_place_is_named() {
    let app = App::fixture("two-apps");
    app.write("billing/.env", "OTHER=1\n");
    assert_shows(
        &app.command("seed:status -p billing").run(),
        "\
exit 2
-- stderr
error: no database is configured for package billing
note: --database-url is not given
note: DATABASE_URL is not set
note: [app]/billing/.env has no DATABASE_URL
note: [app]/.env does not exist
note: [app]/billing/Cargo.toml has no database-url in [package.metadata.kumiko-ops]
help: name it for this shell, or for good:
    export DATABASE_URL='sqlite:billing.db?mode=rwc'
    echo 'DATABASE_URL=sqlite:billing.db?mode=rwc' >> billing/.env
",
    );
}

/// The fixture on one kind of database alone.
fn shop_on(database: &str) -> App {
    let app = App::fixture("shop");
    let optional = "[features]\npostgres = [\"kumiko-seeds/postgres\"]\n";
    app.edit("Cargo.toml", optional, "");
    app.edit("Cargo.toml", "\"sqlite\"", &format!("\"{database}\""));
    app.write("src/bin/shop-ops.rs", "fn main() {}\n");
    app
}

#[test]
fn a_package_for_postgres_is_advised_to_use_postgres() {
    let shown = shop_on("postgres").command("seed:status").run();
    let help = "\
help: name it for this shell, or for good:
    export DATABASE_URL=postgres://user:password@host:port/database
    echo 'DATABASE_URL=postgres://user:password@host:port/database' >> .env
";
    assert!(shown.ends_with(help), "{shown}");
}

#[test]
fn a_database_that_the_package_is_not_for_is_asked_by_no_command() {
    let postgres = "postgres://user:password@host:port/database";
    for (feature, kind, url, of_url, instead) in [
        (
            "sqlite",
            "SQLite",
            "postgres://me:s3cret@localhost/app",
            "PostgreSQL",
            "sqlite:path/to/file.db",
        ),
        (
            "postgres",
            "PostgreSQL",
            "sqlite:shop.db",
            "SQLite",
            postgres,
        ),
    ] {
        let app = shop_on(feature);
        for line in [
            "seed:status",
            "seed:show 2026-01-10-first",
            "seed:mark 2026-01-10-first --yes",
            "seed:unmark 2026-01-10-first --yes",
            "seed:pause 2026-01-10-first",
            "seed:apply",
            "seed:work",
        ] {
            assert_shows(
                &app.command(line).variable("DATABASE_URL", url).run(),
                &format!(
                    "\
exit 2
-- stderr
error: the database URL in DATABASE_URL is that of a {of_url} database
note: package shop is built for {kind}, with the feature {feature} of kumiko-seeds
help: use {instead}
"
                ),
            );
        }
    }
}

#[test]
fn an_empty_flag_does_not_fall_through_to_another_database() {
    let app = App::fixture("shop");
    assert_shows(
        &app.call(["seed:status", "--database-url", ""])
            .variable("DATABASE_URL", "sqlite:shop.db")
            .run(),
        "\
exit 2
-- stderr
error: --database-url is empty
help: does the variable that it is taken from have a value?
",
    );
}

#[test]
fn a_line_that_is_not_understood_is_named_and_not_shown() {
    let app = App::fixture("shop");
    app.write(
        ".env",
        "A=1\nDATABASE_URL=postgres://user:s3cret word@localhost/shop\n",
    );
    assert_shows(
        &app.command("seed:status").run(),
        "\
exit 2
-- stderr
error: [app]/.env:2 is not a line NAME=value
help: put a value with spaces, quotes, # or $ between single quotes: NAME='value'
",
    );
}

#[test]
fn settings_that_are_not_understood_are_named() {
    let app = App::fixture("shop");
    let settings = "\n[package.metadata.kumiko-ops]\ndatabase_url = \"sqlite:shop.db\"\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + settings));
    assert_shows(
        &app.command("seed:status").run(),
        "\
exit 2
-- stderr
error: [package.metadata.kumiko-ops] in [app]/Cargo.toml cannot be read
caused by: unknown field `database_url`, expected one of `app`, `environments`, `database-url`, `bin`, `seeds`, `templates`
help: it knows app = \"…\", environments = […], database-url = \"…\", bin = \"…\", seeds = \"…\" and templates.<name> = \"…\"
",
    );
}
