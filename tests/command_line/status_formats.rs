//! `seed:status` for pipelines: annotations, and nothing but ids.

use std::fs;

use crate::app::App;
use crate::database::{POSTGRES_TABLE, SQLITE_TABLE, marker, postgres, sqlite, wait};
use crate::transcript::assert_shows;

/// An app with a seed out of order, an applied, a pending, a skippable and a missing one.
fn shop() -> App {
    let app = App::fixture("shop");
    let seed = app.read("seeds/2026-01-10-first.rs");
    let odd = seed.replace("What came first", "100% :: sure,\\nreally");
    app.write("seeds/2026-03-30-third.rs", &odd);
    app.write(
        "seeds/2026-04-01-fourth.rs",
        &app.read("seeds/2026-02-20-second.rs"),
    );
    app
}

const APPLIED: [&str; 2] = ["2026-02-20-second", "2026-01-01-removed"];

const ANNOTATIONS: &str = "\
-- stdout
::error title=Missing seed::2026-01-01-removed is applied, and the app does not have it: As it was told
::error file=seeds/2026-01-10-first.rs,title=Seed out of order::2026-01-10-first is pending, and a seed with a later date is applied already: What came first
::warning file=seeds/2026-03-30-third.rs,title=Pending seed::2026-03-30-third is pending: 100%25 :: sure,%0Areally
::notice file=seeds/2026-04-01-fourth.rs,title=Skipped seed::2026-04-01-fourth is pending, and a flag that is set here skips it: What came second
1 applied, 1 pending, 1 out of order, 1 skipped, 1 missing
";

const SKIP: (&str, &str) = ("KUMIKO_SKIP_ES_OPS_2026_04_01_FOURTH", "1");

fn run(app: &App, line: &str, url: &str) -> String {
    let call = app.command(line).variable("DATABASE_URL", url);
    call.variable(SKIP.0, SKIP.1).run()
}

#[test]
fn github_gets_an_annotation_for_each_seed_to_look_at() {
    let app = shop();
    let markers: String = APPLIED.iter().map(|id| marker(id)).collect();
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    let shown = run(
        &app,
        "seed:status --check --format github",
        "sqlite:shop.db",
    );
    assert_shows(&shown, &format!("exit 3\n{ANNOTATIONS}"));
}

#[test]
fn postgres_gets_the_same_annotations() {
    let app = shop();
    let markers: String = APPLIED.iter().map(|id| marker(id)).collect();
    let database = postgres(&format!("{POSTGRES_TABLE}{markers}"));
    let shown = run(&app, "seed:status --format github", &database.url);
    assert_shows(&shown, &format!("exit 0\n{ANNOTATIONS}"));
    wait(database.remove());
}

#[test]
fn files_are_named_from_the_root_of_the_repository() {
    let app = App::fixture("two-apps");
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    let file = |app: &App| {
        let url = format!("sqlite:{}", app.path("shop.db").display());
        let call = app
            .command("seed:status -p billing --format github")
            .from("shop");
        let shown = call.variable("DATABASE_URL", &url).stdout();
        let (_, file) = shown.split_once("file=").unwrap();
        file.split_once(',').unwrap().0.to_owned()
    };
    assert_eq!(file(&app), "billing/seeds/2026-01-10-first.rs");
    fs::create_dir(app.path("billing/.git")).unwrap();
    assert_eq!(file(&app), "billing/seeds/2026-01-10-first.rs");
    fs::create_dir(app.path(".git")).unwrap();
    assert_eq!(file(&app), "billing/seeds/2026-01-10-first.rs");
}

#[test]
fn a_script_gets_the_ids_that_a_run_would_apply() {
    let app = shop();
    let markers: String = APPLIED.iter().map(|id| marker(id)).collect();
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    assert_shows(
        &run(&app, "seed:status --pending", "sqlite:shop.db"),
        "exit 0\n-- stdout\n2026-01-10-first\n2026-03-30-third\n",
    );
    assert_shows(
        &run(&app, "seed:status --pending --check", "sqlite:shop.db"),
        "exit 3\n-- stdout\n2026-01-10-first\n2026-03-30-third\n",
    );
    for id in ["2026-01-10-first", "2026-03-30-third"] {
        sqlite(&app.path("shop.db"), &marker(id));
    }
    assert_shows(
        &run(&app, "seed:status --pending", "sqlite:shop.db"),
        "exit 0",
    );
}

#[test]
fn two_ways_to_print_contradict_each_other() {
    assert_shows(
        &App::empty()
            .command("seed:status --pending --format json")
            .run(),
        "\
exit 2
-- stderr
error: the argument '--pending' cannot be used with '--format <FORMAT>'

Usage: cargo kumiko-ops seed:status --pending

For more information, try '--help'.
",
    );
}
