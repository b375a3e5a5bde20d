//! `seed:status` of seeds of many steps that are under way.

use crate::app::App;
use crate::database::{SQLITE_PROGRESS, SQLITE_TABLE, sqlite, under_way};
use crate::transcript::assert_shows;

const IDS: [&str; 4] = [
    "2026-01-10-first",
    "2026-02-20-second",
    "2026-03-30-third",
    "2026-04-01-fourth",
];

/// An app with a seed in each of the states.
fn shop() -> App {
    let app = App::fixture("shop");
    for (id, as_in) in [(IDS[2], IDS[0]), (IDS[3], IDS[1])] {
        let seed = app.read(&format!("seeds/{as_in}.rs"));
        app.write(&format!("seeds/{id}.rs"), &seed);
    }
    let states = ["running", "failed", "paused", "cancelled"];
    let rows = IDS.into_iter().zip(states);
    let rows: String = rows.map(|(id, state)| under_way(id, state, "")).collect();
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{rows}"),
    );
    app
}

fn call(app: &App, words: &str) -> String {
    app.command(words)
        .variable("DATABASE_URL", "sqlite:shop.db")
        .run()
}

#[test]
fn how_far_each_is_and_why_it_failed_is_shown() {
    let app = shop();
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 1
-- stdout
STATE      ID                 APPLIED AT  TOOK  BY  DESCRIPTION
running    2026-01-10-first                         12000 of 100000 (12%), 3400/s, 25s left (What came first)
failed     2026-02-20-second                        12000 of 100000 (12%), 3400/s, 25s left, failed after 12017: seed failed: no such member (What came second)
paused     2026-03-30-third                         12000 of 100000 (12%), 3400/s, 25s left (What came first)
cancelled  2026-04-01-fourth                        12000 of 100000 (12%), 3400/s, 25s left (What came second)

0 applied, 0 pending, 1 running, 1 paused, 1 failed, 1 cancelled
",
    );
}

#[test]
fn github_gets_an_annotation_for_each() {
    let app = shop();
    assert_shows(
        &call(&app, "seed:status --format github"),
        "\
exit 0
-- stdout
::notice file=seeds/2026-01-10-first.rs,title=Running seed::2026-01-10-first is running (12000 of 100000 (12%25), 3400/s, 25s left): What came first
::error file=seeds/2026-02-20-second.rs,title=Failed seed::2026-02-20-second has failed (12000 of 100000 (12%25), 3400/s, 25s left, failed after 12017: seed failed: no such member): What came second
::warning file=seeds/2026-03-30-third.rs,title=Paused seed::2026-03-30-third is paused (12000 of 100000 (12%25), 3400/s, 25s left): What came first
::warning file=seeds/2026-04-01-fourth.rs,title=Cancelled seed::2026-04-01-fourth is cancelled (12000 of 100000 (12%25), 3400/s, 25s left): What came second
0 applied, 0 pending, 1 running, 1 paused, 1 failed, 1 cancelled
",
    );
}

#[test]
fn a_script_gets_those_that_the_next_run_takes_up() {
    let app = shop();
    let taken_up = "exit 0\n-- stdout\n2026-01-10-first\n2026-02-20-second\n";
    assert_shows(&call(&app, "seed:status --pending"), taken_up);
}

/// What the files say of the background is known without a build.
#[test]
fn a_pipeline_lets_background_seeds_go_on_where_it_says_so() {
    let app = App::fixture("shop");
    let first = app.read("seeds/2026-01-10-first.rs") + "\npub const BACKGROUND: bool = true;\n";
    app.write("seeds/2026-01-10-first.rs", &first);
    let second = app.read("seeds/2026-02-20-second.rs")
        + "\npub const AFTER: &[&str] = &[\"2026-01-10-first\"];\n";
    app.write("seeds/2026-02-20-second.rs", &second);
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    let pending = "\
-- stdout
STATE    ID                 APPLIED AT  TOOK  BY  DESCRIPTION
pending  2026-01-10-first                         What came first (in the background)
pending  2026-02-20-second                        What came second (waits for 2026-01-10-first)

0 applied, 2 pending
";
    assert_shows(
        &call(&app, "seed:status --check"),
        &format!("exit 1\n{pending}"),
    );
    assert_shows(
        &call(&app, "seed:status --check --allow-background"),
        &format!("exit 0\n{pending}"),
    );
    assert_shows(
        &call(&app, "seed:status --allow-background"),
        "\
exit 2
-- stderr
error: the following required arguments were not provided:
  --check

Usage: cargo kumiko-ops seed:status --check --allow-background

For more information, try '--help'.
",
    );
    let rows = under_way("2026-01-10-first", "failed", "");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_PROGRESS}{rows}"));
    let shown = call(&app, "seed:status --check --allow-background");
    assert!(shown.starts_with("exit 1\n"), "{shown}");
    assert_shows(
        &call(&app, "seed:retry first"),
        "\
exit 0
-- stdout
retrying 2026-01-10-first: 12000 of 100000 (12%), 3400/s, 25s left
-- stderr
help: a worker takes it up: one that runs, the next start of the app, or
    cargo kumiko-ops seed:work
",
    );
}

#[test]
fn who_is_at_work_and_since_when_is_shown_of_one_seed() {
    let app = shop();
    assert_shows(
        &call(&app, "seed:show first"),
        "\
exit 0
-- stdout
id           2026-01-10-first
description  What came first
file         seeds/2026-01-10-first.rs
skippable    no
handlers     none named in the source
state        running
remark       12000 of 100000 (12%), 3400/s, 25s left
begun at     2026-06-01 09:00:00
last step    2026-06-01 09:00:04
worker       app:4711
steps        9, with 12000 events
next step    1700 items
cursor       12017
",
    );
}
