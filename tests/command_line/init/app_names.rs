//! `init --app`: the name of an app that shares its database, in both places that have to have it.

use super::{MANIFEST, assert_nothing_to_do, files, library};
use crate::app::App;
use crate::program::cargo;
use crate::transcript::assert_shows;

const SETTING: &str = "\n[package.metadata.kumiko-ops]\napp = \"billing\"\n";

/// A library whose seeds are there already, and which says no name.
fn ready() -> App {
    let app = library();
    let shown = app.command("init --yes").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    app
}

#[test]
fn the_name_is_written_to_the_settings_and_to_the_runner() {
    for (line, runner) in [
        (
            "--app billing",
            "    let runner = database::SeedRunner::new(SEEDS)
        // The same name as in Cargo.toml, for the commands that compile nothing.
        .app(\"billing\")
        .handlers(handlers());
",
        ),
        (
            "--app billing --no-events",
            "    database::SeedRunner::new(SEEDS)
        // The same name as in Cargo.toml, for the commands that compile nothing.
        .app(\"billing\")
}
",
        ),
    ] {
        let app = library();
        let dry = app.command(&format!("init --dry-run {line}")).run();
        assert!(dry.contains("+app = \"billing\"\n"), "{dry}");
        assert!(dry.contains("+        .app(\"billing\")\n"), "{dry}");
        let note = "note: the app is billing, as --app says\n";
        assert!(dry.contains(note), "{dry}");

        let shown = app.command(&format!("init --yes {line}")).run();
        assert!(
            shown.contains("kumiko-seeds-build, app billing\n"),
            "{shown}"
        );
        assert!(shown.contains(note), "{shown}");
        let manifest = app.read("Cargo.toml");
        assert!(manifest.contains(SETTING), "{manifest}");
        let module = app.read("src/seeds.rs");
        assert!(module.contains(runner), "{module}");
        assert!(!shown.contains("left: "), "{shown}");
        let formatted = cargo()
            .args(["fmt", "--check"])
            .current_dir(app.path(""))
            .output()
            .unwrap();
        assert!(formatted.status.success(), "{formatted:?}");
        assert_nothing_to_do(&app, &format!("init {line}"), "shop");
        assert_nothing_to_do(&app, "init", "shop");
    }
}

/// The setting of a package and the source of its runner say it without the flag, too.
#[test]
fn a_name_that_is_there_in_one_place_goes_to_the_other() {
    let app = library();
    app.write("Cargo.toml", &format!("{MANIFEST}{SETTING}"));
    let shown = app.command("init --yes").run();
    assert!(
        shown.contains("note: the app is billing, as Cargo.toml says\n"),
        "{shown}"
    );
    assert!(app.read("src/seeds.rs").contains(".app(\"billing\")"));

    let app = ready();
    app.edit("src/seeds.rs", "(SEEDS)", "(SEEDS).app(\"billing\")");
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with("exit 0\n-- stdout\nchanged Cargo.toml: app billing\n"),
        "{shown}"
    );
    assert!(
        shown.contains("note: the app is billing, as src/seeds.rs says\n"),
        "{shown}"
    );
    assert_nothing_to_do(&app, "init --app billing", "shop");
}

#[test]
fn a_runner_that_is_there_is_left_to_people() {
    let left = "\
left: src/seeds.rs does not name the app; add this to its SeedRunner:
    .app(\"billing\")
";
    let app = ready();
    let module = app.read("src/seeds.rs");
    let shown = app.command("init --app billing --yes").run();
    assert!(
        shown.starts_with(&format!(
            "\
exit 0
-- stdout
changed Cargo.toml: app billing
-- stderr
note: seeds run on PostgreSQL, as src/seeds.rs says
note: the app is billing, as --app says
{left}"
        )),
        "{shown}"
    );
    assert_eq!(app.read("src/seeds.rs"), module);
    for line in ["init --app billing", "init"] {
        let shown = app.command(line).run();
        assert_shows(&shown, &format!("exit 0\n-- stderr\n{left}"));
    }
    // By whatever the code has it from; the ops binary is asked before it applies.
    for name in ["\"billing\"", "NAME"] {
        let named = module.replace("(SEEDS)", &format!("(SEEDS).app({name})"));
        app.write("src/seeds.rs", &named);
        assert_nothing_to_do(&app, "init --app billing", "shop");
    }
    // The runner need not be where the seeds are brought in.
    app.write("src/seeds.rs", &module);
    app.write(
        "src/runner.rs",
        "pub fn runner() -> SeedRunner { seeds().app(\"billing\") }\n",
    );
    assert_nothing_to_do(&app, "init --app billing", "shop");
}

#[test]
fn another_name_than_the_one_that_is_there_is_refused() {
    let app = library();
    app.command("init --app shop --yes").run();
    let refused = |place: &str| {
        format!(
            "\
exit 2
-- stderr
error: package shop is the app shop, as {place} says, and --app names another one
help: leave --app out; under another name none of its seeds counts as applied, and all of them would run again
"
        )
    };
    let before = files(&app);
    for line in ["init --app billing --yes", "init --app billing --dry-run"] {
        assert_shows(&app.command(line).run(), &refused("Cargo.toml"));
    }
    assert_eq!(files(&app), before);

    app.edit("Cargo.toml", "app = \"shop\"", "app = \"billing\"");
    assert_shows(
        &app.command("init --app billing --yes").run(),
        &refused("src/seeds.rs"),
    );
    assert_shows(
        &app.command("init").run(),
        "\
exit 0
-- stderr
left: Cargo.toml says that the app is billing, and src/seeds.rs that it is shop; correct the one that is wrong
",
    );
}

#[test]
fn a_name_that_is_none_is_refused_in_the_words_of_the_library() {
    let app = library();
    let before = files(&app);
    assert_shows(
        &app.command("init --app Billing/EU --yes").run(),
        "\
exit 2
-- stderr
error: invalid value 'Billing/EU' for '--app <NAME>': \"Billing/EU\" is no name for an app: it is made of a-z, 0-9 and -

For more information, try '--help'.
",
    );
    assert_eq!(files(&app), before);
    let shown = app.command("init --app billing").run();
    // A library changes, and nobody is there to ask.
    assert!(
        shown.ends_with(
            "    cargo kumiko-ops init --app billing --dry-run\n    cargo kumiko-ops init --app billing --yes\n"
        ),
        "{shown}"
    );
}
