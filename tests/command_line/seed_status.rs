//! `seed:status`: where each seed stands.

use crate::app::App;
use crate::database::{POSTGRES_TABLE, SQLITE_TABLE, marker, postgres, sqlite, wait};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:shop.db";

/// The app of the fixture with a SQLite database that has these markers.
fn shop(applied: &[&str]) -> App {
    let app = App::fixture("shop");
    let markers: String = applied.iter().map(|id| marker(id)).collect();
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    app
}

fn status(app: &App, options: &str) -> String {
    let line = format!("seed:status {options}");
    app.command(&line).variable("DATABASE_URL", URL).run()
}

#[test]
fn without_a_table_everything_is_pending() {
    let app = App::fixture("shop");
    sqlite(&app.path("shop.db"), "CREATE TABLE other (id INTEGER)");
    let table = "
-- stdout
STATE    ID                 APPLIED AT  TOOK  BY  DESCRIPTION
pending  2026-01-10-first                         What came first
pending  2026-02-20-second                        What came second

0 applied, 2 pending
";
    assert_shows(&status(&app, ""), &format!("exit 0{table}"));
    assert_shows(&status(&app, "--check"), &format!("exit 1{table}"));
}

#[test]
fn a_package_without_seeds_has_none() {
    let app = shop(&[]);
    app.remove("seeds/2026-01-10-first.rs");
    app.remove("seeds/2026-02-20-second.rs");
    assert_shows(&status(&app, "--check"), "exit 0\n-- stdout\nno seeds\n");
}

#[test]
fn an_applied_seed_is_shown_with_its_marker() {
    let app = shop(&["2026-01-10-first", "2026-02-20-second"]);
    let table = "
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied  2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first
applied  2026-02-20-second  2026-03-01 12:30:00  1.5s  boot  What came second

2 applied, 0 pending
";
    assert_shows(&status(&app, "--check"), &format!("exit 0{table}"));
}

#[test]
fn drift_is_an_exit_code_of_its_own() {
    let app = shop(&["2026-02-20-second", "2026-01-01-removed"]);
    let table = "
-- stdout
STATE         ID                  APPLIED AT           TOOK  BY    DESCRIPTION
missing       2026-01-01-removed  2026-03-01 12:30:00  1.5s  boot  As it was told
out-of-order  2026-01-10-first                                     What came first
applied       2026-02-20-second   2026-03-01 12:30:00  1.5s  boot  What came second

1 applied, 0 pending, 1 out of order, 1 missing
";
    assert_shows(&status(&app, ""), &format!("exit 0{table}"));
    assert_shows(&status(&app, "--check"), &format!("exit 3{table}"));
}

#[test]
fn a_skip_flag_that_is_set_is_shown() {
    let app = shop(&["2026-01-10-first"]);
    let shown = app
        .command("seed:status --check")
        .variable("DATABASE_URL", URL)
        .variable("KUMIKO_SKIP_ES_OPS_2026_02_20_SECOND", "1")
        .run();
    assert_shows(
        &shown,
        "
exit 1
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied  2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first
skipped  2026-02-20-second                                   What came second

1 applied, 0 pending, 1 skipped
"
        .trim_start(),
    );
}

#[test]
fn programs_get_json() {
    let app = shop(&["2026-01-10-first"]);
    let shown = app
        .command("seed:status --format json")
        .variable("DATABASE_URL", URL)
        .stdout();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let expected = serde_json::json!({
        "version": 1,
        "seeds": [
            {
                "id": "2026-01-10-first",
                "state": "applied",
                "description": "What came first",
                "remark": null,
                "applied_at": "2026-03-01T12:30:00.250+00:00",
                "duration_ms": 1500,
                "applied_by": "boot",
                "retired": null,
                "background": false,
                "waits_for": [],
                "environments": [],
                "progress": null,
            },
            {
                "id": "2026-02-20-second",
                "state": "pending",
                "description": "What came second",
                "remark": null,
                "applied_at": null,
                "duration_ms": null,
                "applied_by": null,
                "retired": null,
                "background": false,
                "waits_for": [],
                "environments": [],
                "progress": null,
            },
        ],
    });
    assert_eq!(shown, expected);
}

#[test]
fn every_broken_seed_is_reported_and_the_database_left_alone() {
    let app = App::fixture("shop");
    app.write(
        "seeds/2026-03-01-no-run.rs",
        "pub const DESCRIPTION: &str = \"x\";\n",
    );
    app.write("seeds/Fix_Roles.rs", "");
    assert_shows(
        &status(&app, "--check"),
        "\
exit 2
-- stderr
error: the seeds cannot be read:
  seeds/2026-03-01-no-run.rs: there is no function `run`, and no `batch`; write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`
  seeds/Fix_Roles.rs: the name does not start with a date written YYYY-MM-DD; rename it to YYYY-MM-DD-fix-roles.rs, or let its name start with _ if it is no seed
help: correct this and run it again; nothing was asked of the database
",
    );
}

#[test]
fn a_folder_that_is_not_there_is_no_folder_without_seeds() {
    let app = shop(&[]);
    std::fs::remove_dir_all(app.path("seeds")).unwrap();
    assert_shows(
        &status(&app, "--check"),
        "\
exit 2
-- stderr
error: there is no folder [app]/seeds
help: create it, with a file in it, since git keeps no empty folder:
    mkdir -p [app]/seeds && touch [app]/seeds/.gitkeep
help: or, if build.rs compiles another folder, name that one in [app]/Cargo.toml:
    [package.metadata.kumiko-ops]
    seeds = \"path/from/the/package\"
",
    );
}

#[test]
fn a_folder_with_another_name_is_a_setting() {
    let app = shop(&[]);
    let setting = "\n[package.metadata.kumiko-ops]\nseeds = \"db/seeds\"\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + setting));
    assert_shows(
        &status(&app, ""),
        "\
exit 2
-- stderr
error: there is no folder [app]/db/seeds
help: create it, or correct `seeds` of [package.metadata.kumiko-ops] in [app]/Cargo.toml
",
    );
    let seed = app.read("seeds/2026-01-10-first.rs");
    app.write("db/seeds/2026-04-01-elsewhere.rs", &seed);
    assert_shows(
        &status(&app, ""),
        "\
exit 0
-- stdout
STATE    ID                    APPLIED AT  TOOK  BY  DESCRIPTION
pending  2026-04-01-elsewhere                        What came first

0 applied, 1 pending
",
    );
}

#[test]
fn postgres_is_read_the_same_way() {
    let database = postgres(&format!("{POSTGRES_TABLE}{}", marker("2026-01-10-first")));
    let app = App::fixture("shop");
    let shown = app
        .command("seed:status --check")
        .variable("DATABASE_URL", &database.url)
        .run();
    assert_shows(
        &shown,
        "\
exit 1
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied  2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first
pending  2026-02-20-second                                   What came second

1 applied, 1 pending
",
    );
    wait(database.remove());
}
