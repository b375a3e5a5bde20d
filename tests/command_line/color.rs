//! Colours: on a terminal, or where they are asked for, and nowhere else.

use crate::app::{App, Call};
use crate::database::{SQLITE_TABLE, marker, sqlite};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:shop.db";

fn shop() -> App {
    let app = App::fixture("shop");
    let markers = marker("2026-02-20-second");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    app
}

/// The call with no variable of this process that speaks of colours.
fn call<'a>(app: &'a App, line: &str) -> Call<'a> {
    let variables = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"];
    let call = app.command(line).variable("DATABASE_URL", URL);
    variables.into_iter().fold(call, Call::without_variable)
}

#[test]
fn a_table_has_colours_where_they_are_asked_for() {
    let app = shop();
    let shown = call(&app, "--color always seed:status").run();
    assert_shows(
        &shown.replace('\u{1b}', "ESC"),
        "\
exit 0
-- stdout
ESC[1mSTATEESC[0m         ESC[1mIDESC[0m                 ESC[1mAPPLIED ATESC[0m           ESC[1mTOOKESC[0m  ESC[1mBYESC[0m    ESC[1mDESCRIPTIONESC[0m
ESC[1mESC[31mout-of-orderESC[0m  2026-01-10-first                                    What came first
ESC[32mappliedESC[0m       2026-02-20-second  2026-03-01 12:30:00  1.5s  boot  What came second

1 applied, 0 pending, 1 out of order
",
    );
    let plain = call(&app, "seed:status").run();
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    for words in ["ESC[1m", "ESC[31m", "ESC[32m", "ESC[0m"] {
        assert!(!plain.contains(words));
    }
    let asked_not_to = call(&app, "seed:status --color=never");
    assert_shows(&asked_not_to.variable("CLICOLOR_FORCE", "1").run(), &plain);
    // What a person asks for counts more than what the surroundings say.
    let asked = call(&app, "seed:status --color=always");
    assert_shows(&asked.variable("NO_COLOR", "1").run(), &shown);
    let surroundings = call(&app, "seed:status").variable("CLICOLOR_FORCE", "1");
    assert_shows(&surroundings.variable("NO_COLOR", "1").run(), &plain);
}

#[test]
fn programs_get_no_colours() {
    let app = shop();
    for format in ["--format json", "--format github", "--pending"] {
        let shown = call(&app, &format!("seed:status --color always {format}")).run();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn failures_have_coloured_words() {
    let app = App::fixture("shop");
    let shown = call(&app, "seed:status --color always").run();
    assert_shows(
        &shown.replace('\u{1b}', "ESC"),
        "\
exit 2
-- stderr
ESC[1mESC[31merror:ESC[0m there is no database file shop.db
ESC[1mESC[36mhelp:ESC[0m if it is to be created, let the URL say so:
    sqlite:shop.db?mode=rwc
ESC[1mESC[36mhelp:ESC[0m if it should be there, correct the path in DATABASE_URL
",
    );
    let shown = call(&app, "seed:statsu --color always").run();
    assert!(shown.contains("\u{1b}[1m\u{1b}[31merror:"), "{shown:?}");
    let shown = call(&app, "seed:statsu").run();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let shown = call(&app, "--help --color=always").run();
    assert!(shown.contains("\u{1b}[1m"), "{shown:?}");
}

#[test]
fn what_a_marker_says_cannot_steer_a_terminal() {
    let app = App::fixture("shop");
    let marker = marker("2026-01-01-gone").replace("As it was told", "a\u{1b}[2J\nb");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{marker}"));
    for line in ["seed:status --color always", "seed:status --format github"] {
        let shown = call(&app, line).run();
        assert!(!shown.contains("\u{1b}[2J"), "{shown:?}");
        assert!(!shown.contains("\nb"), "{shown:?}");
    }
}
