//! Apps with names, in a database that they share.

use crate::app::App;
use crate::database::{SQLITE_TABLE, foreign_marker, marker, sqlite};
use crate::transcript::assert_shows;

/// The app of the fixture under the name `billing`, with a database that has these rows.
fn billing(rows: &str) -> App {
    let app = App::fixture("shop");
    let manifest = app.read("Cargo.toml");
    app.write(
        "Cargo.toml",
        &format!("{manifest}\n[package.metadata.kumiko-ops]\napp = \"billing\"\n"),
    );
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{rows}"));
    app
}

fn call(app: &App, words: &str) -> String {
    app.command(words)
        .variable("DATABASE_URL", "sqlite:shop.db")
        .run()
}

#[test]
fn the_seeds_of_others_are_no_concern() {
    let others = [
        marker("2026-01-01-another"),
        foreign_marker("2026-01-02-theirs"),
        marker("shop/2026-01-10-first"),
        marker("billing/2026-02-20-second"),
    ];
    let app = billing(&others.concat());
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 3
-- stdout
STATE         ID                 APPLIED AT           TOOK  BY    DESCRIPTION
out-of-order  2026-01-10-first                                    What came first
applied       2026-02-20-second  2026-03-01 12:30:00  1.5s  boot  What came second

1 applied, 0 pending, 1 out of order
",
    );
    assert_shows(
        &call(&app, "seed:mark 2026-01-10-first --yes"),
        "exit 0\n-- stdout\nmarked 2026-01-10-first as applied, without running it\n",
    );
    assert!(call(&app, "seed:status --check").starts_with("exit 0\n"));
    assert_shows(
        &call(&app, "seed:unmark 2026-02-20-second --yes"),
        "exit 0\n-- stdout\nunmarked 2026-02-20-second: it is pending again; what it did is not undone\n",
    );
    assert_shows(
        &call(&app, "seed:status --pending"),
        "exit 0\n-- stdout\n2026-02-20-second\n",
    );

    // For an app without a name, those with one are not there.
    let manifest = app.read("Cargo.toml");
    let unnamed = manifest.replace("app = \"billing\"\n", "");
    app.write("Cargo.toml", &unnamed);
    assert_shows(
        &call(&app, "seed:status"),
        "\
exit 0
-- stdout
STATE    ID                  APPLIED AT           TOOK  BY    DESCRIPTION
missing  2026-01-01-another  2026-03-01 12:30:00  1.5s  boot  As it was told
foreign  2026-01-02-theirs   2026-03-01 12:30:00  1.5s  boot  As it was told (applied by another service)
pending  2026-01-10-first                                     What came first
pending  2026-02-20-second                                    What came second

0 applied, 2 pending, 1 missing, 1 foreign
",
    );
}

#[test]
fn a_marker_from_before_the_name_may_be_another_app_s() {
    let app = billing(&marker("2026-01-10-first"));
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 3
-- stdout
STATE      ID                 APPLIED AT  TOOK  BY  DESCRIPTION
contested  2026-01-10-first                         What came first (a marker without the app's name is of another text: this app's or another's)
pending    2026-02-20-second                        What came second

0 applied, 1 pending, 1 contested
",
    );
    call(&app, "seed:mark 2026-01-10-first --yes");
    assert!(call(&app, "seed:status --check").starts_with("exit 1\n"));
}

/// What was applied before the app had its name is taken away where it is.
#[test]
fn a_marker_from_before_the_name_can_be_taken_away() {
    let app = billing("");
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let rows = crate::database::marker_of("2026-01-10-first", &files[0].source_hash);
    sqlite(&app.path("shop.db"), &rows);
    assert_shows(
        &call(&app, "seed:status"),
        "\
exit 0
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied  2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first (applied before the app had its name)
pending  2026-02-20-second                                   What came second

1 applied, 1 pending
",
    );
    assert_shows(
        &call(&app, "seed:unmark 2026-01-10-first --yes"),
        "exit 0\n-- stdout\nunmarked 2026-01-10-first: it is pending again; what it did is not undone\n",
    );
    assert_shows(
        &call(&app, "seed:status --pending"),
        "exit 0\n-- stdout\n2026-01-10-first\n2026-02-20-second\n",
    );
}

#[test]
fn a_name_that_is_none_is_refused() {
    let app = billing("");
    app.edit("Cargo.toml", "\"billing\"", "\"Billing/EU\"");
    assert_shows(
        &call(&app, "seed:status"),
        "exit 2\n-- stderr\nerror: [package.metadata.kumiko-ops] in [app]/Cargo.toml cannot be read\n\
         caused by: \"Billing/EU\" is no name for an app: it is made of a-z, 0-9 and -\n",
    );
}
