//! `seed status` for `seed:status`, as other command lines have it.

use crate::app::App;
use crate::database::{SQLITE_TABLE, sqlite};
use crate::transcript::assert_shows;

#[test]
fn a_command_may_be_given_in_two_words() {
    let app = App::fixture("shop");
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    let run = |line: &str| {
        let call = app.command(line).variable("DATABASE_URL", "sqlite:shop.db");
        call.run()
    };
    let expected = run("seed:status --check");
    assert!(expected.starts_with("exit 1\n-- stdout\n"), "{expected}");
    assert_shows(&run("seed status --check"), &expected);
    assert_shows(&run("kumiko-ops seed status --check"), &expected);
    let shown = run("seed new seed-status");
    assert!(
        shown.starts_with("exit 0\n-- stdout\nseeds/[today]-seed-status.rs\n"),
        "{shown}"
    );
}

#[test]
fn what_was_probably_meant_is_said() {
    let shown = App::empty().command("seed statsu").run();
    let start = "exit 2\n-- stderr\nerror: unrecognized subcommand 'seed:statsu'\n\n  tip: ";
    assert!(shown.starts_with(start), "{shown}");
    assert!(shown.contains("'seed:status'\n"), "{shown}");
}

#[test]
fn the_ops_binary_understands_both() {
    let app = App::example("two-words");
    app.build_ops_binary();
    let run = |line: &str| {
        let call = app.ops_binary(line);
        call.variable("DATABASE_URL", "sqlite:app.db?mode=rwc")
            .run()
    };
    let shown = run("seed apply");
    assert!(
        shown.starts_with("exit 0\n-- stdout\n2 applied in [time]\n"),
        "{shown}"
    );
    let expected = run("seed:status");
    assert!(expected.contains("3 applied, 0 pending"), "{expected}");
    assert_shows(&run("seed status"), &expected);
}
