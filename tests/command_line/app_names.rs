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

/// What compiles nothing goes by Cargo.toml, so that the binary must be of the same app.
#[test]
fn a_binary_of_another_app_than_the_settings_say_is_refused() {
    let app = App::example("of-another-app");
    let again = "note: the ops binary is not what [app]/Cargo.toml says, as when the times of files are old; it is built again";
    let is = "error: the ops binary admin-roles-ops applies the seeds of";
    let settings = "[package.metadata.kumiko-ops]\n";
    app.edit("src/lib.rs", "(SEEDS)", "(SEEDS).app(\"billing\")");
    let refused = format!(
        "\
exit 2
-- stderr
{again}
{is} the app billing, and [app]/Cargo.toml names no app
note: nothing was applied
help: if billing is right, name it in [app]/Cargo.toml, for the commands that compile nothing:
    [package.metadata.kumiko-ops]
    app = \"billing\"
help: an app keeps its name: under another one none of its seeds counts as applied, and all of them would run again
"
    );
    assert_shows(&app.command("seed:apply").run(), &refused);
    assert_shows(&app.command("seed:verify").run(), &refused);
    assert!(!app.path("admin-roles.db").exists());

    app.edit(
        "Cargo.toml",
        settings,
        &format!("{settings}app = \"shop\"\n"),
    );
    let runner = "help: if shop is right, give the app's SeedRunner that name:
    SeedRunner::new(SEEDS).app(\"shop\")
help: an app keeps its name: under another one none of its seeds counts as applied, and all of them would run again
";
    let shown = app.command("seed:apply --dry-run").run();
    assert!(
        shown.contains(&format!(
            "{is} the app billing, and [app]/Cargo.toml names the app shop\n"
        )) && shown.contains("    app = \"billing\"\n")
            && shown.ends_with(runner),
        "{shown}"
    );

    app.edit("src/lib.rs", "(SEEDS).app(\"billing\")", "(SEEDS)");
    assert_shows(
        &app.command("seed:apply").run(),
        &format!(
            "exit 2\n-- stderr\n{again}\n{is} an app without a name, and [app]/Cargo.toml names the app shop\n\
             note: nothing was applied\n{runner}"
        ),
    );

    // No Cargo.toml can say that.
    app.edit("src/lib.rs", "(SEEDS)", "(SEEDS).app(\"Billing/EU\")");
    let shown = app.command("seed:apply").run();
    assert!(
        shown.ends_with(
            "\
error: the ops binary admin-roles-ops cannot be used
caused by: \"Billing/EU\" is no name for an app: it is made of a-z, 0-9 and -
help: give the app's SeedRunner another one:
    SeedRunner::new(SEEDS).app(\"shop\")
"
        ),
        "{shown}"
    );

    app.edit("src/lib.rs", "\"Billing/EU\"", "\"shop\"");
    let shown = app.command("seed:apply").run();
    assert!(
        shown.starts_with("exit 0\n-- stdout\n2 applied in [time]\n"),
        "{shown}"
    );
}
