//! `seed:pause`, `seed:resume`, `seed:cancel` and `seed:retry`: a seed of many steps that is under way.

use kumiko_tests::database::TestDatabase;
use sqlx::Postgres;

use crate::app::App;
use crate::database::{
    POSTGRES_PROGRESS, POSTGRES_TABLE, SQLITE_PROGRESS, SQLITE_TABLE, postgres, sqlite, texts,
    under_way, wait,
};
use crate::transcript::assert_shows;

const ID: &str = "2026-01-10-first";
const STATE: &str = "SELECT state FROM kumiko_es_progress";

/// The app of the fixture, its first seed under way.
fn shop(state: &str) -> App {
    let app = App::fixture("shop");
    let rows = under_way(ID, state, &hash(&app));
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{rows}"),
    );
    app
}

/// The hash of the source of the app's first seed.
fn hash(app: &App) -> String {
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    files[0].source_hash.clone()
}

fn call(app: &App, words: &str) -> String {
    app.command(words)
        .variable("DATABASE_URL", "sqlite:shop.db")
        .run()
}

fn column(app: &App, column: &str) -> String {
    let sql = format!("SELECT CAST({column} AS text) FROM kumiko_es_progress");
    wait(texts(&app.path("shop.db"), &sql)).concat()
}

const FAR: &str = "2026-01-10-first: 12000 of 100000 (12%), 3400/s, 25s left\n";

#[test]
fn a_seed_is_paused_and_goes_on_and_is_given_up() {
    let app = shop("running");
    let paused = format!("exit 0\n-- stdout\npaused {FAR}");
    assert_shows(&call(&app, "seed:pause first"), &paused);
    assert_eq!(column(&app, "state"), "paused");
    let resumed = format!(
        "exit 0\n-- stdout\nresumed {FAR}-- stderr\nhelp: the next start of the app takes it up, or\n    \
         cargo kumiko-ops seed:apply\n"
    );
    assert_shows(
        &call(&app, "seed:resume seeds/2026-01-10-first.rs"),
        &resumed,
    );
    assert_eq!(column(&app, "state"), "running");
    let cancelled = format!("exit 0\n-- stdout\ncancelled {FAR}");
    assert_shows(
        &call(&app, "seed cancel 2026-01-10-first --yes"),
        &cancelled,
    );
    assert_eq!(column(&app, "state"), "cancelled");
    assert_eq!(column(&app, "done"), "12000");
}

#[test]
fn one_that_failed_goes_on_where_it_was() {
    let app = shop("failed");
    assert_shows(
        &call(&app, "seed:retry first"),
        &format!(
            "exit 0\n-- stdout\nretrying {FAR}-- stderr\nhelp: the next start of the app takes it up, or\n    \
             cargo kumiko-ops seed:apply\n"
        ),
    );
    assert_eq!(column(&app, "state || ' ' || failures"), "running 0");
}

/// Edited since it began, it needs to be told which of the two sources is meant.
#[test]
fn the_source_that_the_seed_has_now_goes_on_or_begins_anew() {
    let app = shop("failed");
    let began_with = column(&app, "source_hash");
    let file = app.read("seeds/2026-01-10-first.rs");
    app.write(
        "seeds/2026-01-10-first.rs",
        &format!("{file}const CORRECTED: bool = true;\n"),
    );
    let shown = call(&app, "seed:retry first --continue");
    let expected = format!("exit 0\n-- stdout\ncontinuing {FAR}-- stderr\nhelp: ");
    assert!(shown.starts_with(&expected), "{shown}");
    assert_ne!(column(&app, "source_hash"), began_with);
    assert_eq!(column(&app, "source_hash"), hash(&app));
    assert_eq!(column(&app, "done"), "12000");

    let shown = call(&app, "seed:retry first --restart --yes");
    assert!(
        shown.starts_with(
            "exit 0\n-- stdout\nrestarting 2026-01-10-first: 0 done\n-- stderr\nhelp: "
        ),
        "{shown}"
    );
    assert_eq!(column(&app, "done"), "0");
}

#[test]
fn what_cannot_be_taken_back_asks_first() {
    let app = shop("running");
    for (line, shown) in [
        ("seed:cancel first", "seed:cancel 2026-01-10-first"),
        (
            "seed:retry first --restart --format json",
            "seed:retry 2026-01-10-first --restart",
        ),
    ] {
        assert_shows(
            &call(&app, line),
            &format!(
                "exit 2\n-- stderr\nerror: this asks first, and there is nobody to ask\nhelp: say yes beforehand:\n    \
                 cargo kumiko-ops {shown} --yes\n"
            ),
        );
    }
    assert_eq!(column(&app, "state"), "running");
}

#[test]
fn what_means_nothing_is_refused_with_what_does() {
    for (state, verb, line) in [
        (
            "paused",
            "pause",
            "let it go on:\n    cargo kumiko-ops seed:resume 2026-01-10-first",
        ),
        (
            "paused",
            "retry",
            "let it go on:\n    cargo kumiko-ops seed:resume 2026-01-10-first",
        ),
        (
            "failed",
            "resume",
            "let it go on where it was:\n    cargo kumiko-ops seed:retry 2026-01-10-first",
        ),
        (
            "cancelled",
            "pause",
            "let it go on where it was:\n    cargo kumiko-ops seed:retry 2026-01-10-first",
        ),
        (
            "running",
            "resume",
            "see where each seed stands:\n    cargo kumiko-ops seed:status",
        ),
    ] {
        assert_shows(
            &call(&shop(state), &format!("seed:{verb} first")),
            &format!(
                "exit 2\n-- stderr\nerror: seed 2026-01-10-first is {state}: there is nothing to {verb}\nhelp: {line}\n"
            ),
        );
    }
    let app = shop("running");
    assert_shows(
        &call(&app, "seed:pause second --database-url sqlite:shop.db"),
        "exit 2\n-- stderr\nerror: seed 2026-02-20-second is not under way\nhelp: see where each seed stands:\n    \
         cargo kumiko-ops seed:status --database-url sqlite:shop.db\n",
    );
    assert_shows(
        &call(&app, "seed:pause frist"),
        "exit 2\n-- stderr\nerror: there is no seed frist\nhelp: did you mean 2026-01-10-first?\n",
    );
    assert_shows(
        &call(&app, "seed:mark first --yes"),
        "exit 2\n-- stderr\nerror: seed 2026-01-10-first is under way in steps (12000 items are done)\n\
         help: see how far it is:\n    cargo kumiko-ops seed:status\n\
         help: or give it up; what is done stays:\n    cargo kumiko-ops seed:cancel 2026-01-10-first\n",
    );
}

/// A binary of another version began with it, or somebody took its file away.
#[test]
fn one_that_the_app_does_not_have_can_be_held_back() {
    let app = shop("running");
    app.remove("seeds/2026-01-10-first.rs");
    assert_shows(
        &call(&app, "seed:pause first"),
        &format!("exit 0\n-- stdout\npaused {FAR}"),
    );
    assert_shows(
        &call(&app, "seed:retry first --continue"),
        "exit 2\n-- stderr\nerror: the app does not have seed 2026-01-10-first, so there is no source to go on with\n\
         help: bring its file back, or give the seed up with seed:cancel\n",
    );
}

#[test]
fn postgres_is_steered_the_same_way() {
    let app = App::fixture("shop");
    let rows = under_way(ID, "running", &hash(&app));
    let database: TestDatabase<Postgres> =
        postgres(&format!("{POSTGRES_TABLE}{POSTGRES_PROGRESS}{rows}"));
    let call = |line: &str| app.command(line).variable("DATABASE_URL", &database.url);
    assert_shows(
        &call("seed:pause first").run(),
        &format!("exit 0\n-- stdout\npaused {FAR}"),
    );
    assert_eq!(wait(database.texts(STATE)), ["paused"]);
    let shown = call("seed:retry first --restart --yes").run();
    let expected = "exit 0\n-- stdout\nrestarting 2026-01-10-first: 0 done\n-- stderr\nhelp: ";
    assert!(shown.starts_with(expected), "{shown}");
    assert_eq!(wait(database.texts(STATE)), ["running"]);
    wait(database.remove());
}
