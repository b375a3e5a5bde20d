//! `seed:mark` and `seed:unmark`: adopting a database, and repeating a seed in development.

use crate::app::App;
use crate::database::{SQLITE_TABLE, foreign_marker, marker, marker_of, sqlite};
use crate::transcript::assert_shows;

/// The app of the fixture, its two seeds pending.
fn shop() -> App {
    let app = App::fixture("shop");
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    app
}

fn call(app: &App, words: &str) -> String {
    let shown = app
        .command(words)
        .variable("DATABASE_URL", "sqlite:shop.db")
        .run();
    // The time of day behind the date, in the table and in the remark.
    let mut parts = shown.split("[today] ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "[today] [time]" + &part["12:34:56".len()..]
    })
}

#[test]
fn a_marked_seed_counts_as_applied_and_an_unmarked_one_as_pending() {
    let app = shop();
    assert_shows(
        &call(&app, "seed:mark seeds/2026-01-10-first.rs --yes"),
        "exit 0\n-- stdout\nmarked 2026-01-10-first as applied, without running it\n",
    );
    assert_shows(
        &call(&app, "seed:status"),
        "\
exit 0
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY   DESCRIPTION
applied  2026-01-10-first   [today] [time]  0ms   cli  What came first (marked by hand at [today] [time], not run)
pending  2026-02-20-second                                  What came second

1 applied, 1 pending
",
    );
    assert_shows(
        &call(&app, "seed:mark 2026-01-10-first --yes"),
        "exit 2\n-- stderr\nerror: seed 2026-01-10-first is applied already\n\
         help: seed:status shows where each seed stands\n",
    );
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-first --yes"),
        "exit 0\n-- stdout\nunmarked 2026-01-10-first: it is pending again; what it did is not undone\n",
    );
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 1
-- stdout
STATE    ID                 APPLIED AT  TOOK  BY  DESCRIPTION
pending  2026-01-10-first                         What came first (unmarked by hand at [today] [time])
pending  2026-02-20-second                        What came second

0 applied, 2 pending
",
    );
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-first --yes"),
        "exit 2\n-- stderr\nerror: seed 2026-01-10-first is not applied\n\
         help: seed:status shows where each seed stands\n",
    );
}

#[test]
fn without_anybody_to_ask_nothing_is_changed() {
    let app = shop();
    for verb in ["mark", "unmark"] {
        assert_shows(
            &call(&app, &format!("seed:{verb} 2026-01-10-first")),
            &format!(
                "exit 2\n-- stderr\nerror: this asks first, and there is nobody to ask\nhelp: say yes \
                 beforehand:\n    cargo kumiko-ops seed:{verb} 2026-01-10-first --yes\n"
            ),
        );
    }
    let status = call(&app, "seed:status --pending");
    assert_shows(
        &status,
        "exit 0\n-- stdout\n2026-01-10-first\n2026-02-20-second\n",
    );
}

#[test]
fn a_misspelt_seed_is_not_guessed() {
    assert_shows(
        &call(&shop(), "seed:mark 2026-01-10-frist --yes"),
        "exit 2\n-- stderr\nerror: there is no seed 2026-01-10-frist\nhelp: did you mean 2026-01-10-first?\n",
    );
}

#[test]
fn a_seed_edited_after_it_was_marked_has_changed() {
    let app = shop();
    call(&app, "seed:mark 2026-01-10-first --yes");
    call(&app, "seed:mark 2026-02-20-second --yes");
    let path = app.path("seeds/2026-01-10-first.rs");
    let source = std::fs::read_to_string(&path).unwrap();
    let commented = source.replace(";\n", "; // An afterthought.\n\n");
    std::fs::write(&path, &commented).unwrap();
    let status = call(&app, "seed:status --check");
    assert!(status.ends_with("\n2 applied, 0 pending\n"), "{status}");
    std::fs::write(&path, commented + "const OF_ONE_S_OWN: u8 = 1;\n").unwrap();
    let status = call(&app, "seed:status --check");
    assert!(status.starts_with("exit 0\n"), "{status}");
    assert!(
        status.ends_with("\n2 applied, 1 of them changed, 0 pending\n"),
        "{status}"
    );
    assert!(
        status.contains("What came first (edited since it was applied; marked by hand at [today] [time], not run)"),
        "{status}"
    );
}

#[test]
fn what_the_app_does_not_have_is_not_said_to_run_again() {
    let app = App::fixture("shop");
    let markers = format!(
        "{SQLITE_TABLE}{}{}",
        marker("2026-01-01-removed"),
        foreign_marker("2026-01-02-theirs")
    );
    sqlite(&app.path("shop.db"), &markers);
    for id in ["2026-01-01-removed", "2026-01-02-theirs"] {
        assert_shows(
            &call(&app, &format!("seed:unmark {id} --yes")),
            &format!(
                "exit 0\n-- stdout\nunmarked {id}: the app does not have it, so nothing runs again; what it did is not \
                 undone\n"
            ),
        );
    }
}

/// What is said is what the next status shows.
#[test]
fn what_a_run_makes_of_an_unmarked_seed_is_said() {
    let app = App::fixture("shop");
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let markers = SQLITE_TABLE.to_owned()
        + &marker_of("2026-01-10-fist", &files[0].source_hash)
        + &marker_of("2026-01-10-first", &files[0].source_hash);
    sqlite(&app.path("shop.db"), &markers);
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-first --yes"),
        "exit 0\n-- stdout\nunmarked 2026-01-10-first: a run refuses it, since it is applied as 2026-01-10-fist, whose \
         file is gone; what it did is not undone\n",
    );
    let status = call(&app, "seed:status");
    assert!(status.contains("renamed  2026-01-10-first"), "{status}");
    // With the marker of the old name goes what kept the new one from running.
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-fist --yes"),
        "exit 0\n-- stdout\nunmarked 2026-01-10-fist: the app does not have it, and what has its \
         text is pending: 2026-01-10-first; what it did is not undone\n",
    );
    assert_shows(
        &call(&app, "seed:status --pending"),
        "exit 0\n-- stdout\n2026-01-10-first\n2026-02-20-second\n",
    );
}

/// Under the marker of a named app there may be one from before it had the name.
#[test]
fn what_a_marker_from_before_the_name_makes_of_an_unmarked_seed_is_said() {
    let app = App::fixture("shop");
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let manifest = app.read("Cargo.toml");
    let setting = "\n[package.metadata.kumiko-ops]\napp = \"billing\"\n";
    app.write("Cargo.toml", &format!("{manifest}{setting}"));
    let markers = SQLITE_TABLE.to_owned()
        + &marker("billing/2026-01-10-first")
        + &marker("billing/2026-02-20-second")
        + &marker("2026-01-10-first")
        + &marker_of("2026-02-20-second", &files[1].source_hash);
    sqlite(&app.path("shop.db"), &markers);
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-first --yes"),
        "exit 0\n-- stdout\nunmarked 2026-01-10-first: a run refuses it, since a marker without the app's name is of \
         another text: this app's or another's; what it did is not undone\n",
    );
    assert_shows(
        &call(&app, "seed:unmark 2026-02-20-second --yes"),
        "exit 0\n-- stdout\nunmarked 2026-02-20-second: it still counts as applied, by a marker from before the app had \
         its name; what it did is not undone\n",
    );
    let status = call(&app, "seed:status");
    for state in [
        "contested  2026-01-10-first",
        "applied    2026-02-20-second",
    ] {
        assert!(status.contains(state), "{status}");
    }
}
