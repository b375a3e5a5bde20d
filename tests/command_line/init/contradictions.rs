//! A flag that asks for something else than what is there: done in full, or refused, never half done.

use super::{MANIFEST, assert_nothing_to_do, files, library};
use crate::app::App;
use crate::program::workspace;
use crate::transcript::assert_shows;

/// A library whose seeds run on PostgreSQL already.
fn ready() -> App {
    let app = library();
    let shown = app.command("init --yes").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    app
}

#[test]
fn another_database_is_refused_and_said_where_it_is_chosen() {
    let app = ready();
    let before = files(&app);
    for line in [
        "init --database sqlite --yes",
        "init --database sqlite --dry-run",
    ] {
        assert_shows(
            &app.command(line).run(),
            "\
exit 2
-- stderr
error: the seeds of package shop run on PostgreSQL: src/seeds.rs takes them from kumiko_seeds::postgres
help: to have them on SQLite, write sqlite for postgres there and in the seeds that name it, and run this again:
    cargo kumiko-ops init --database sqlite --yes
",
        );
        assert_eq!(files(&app), before);
    }
    assert_nothing_to_do(&app, "init --database postgres", "shop");

    app.edit(
        "src/seeds.rs",
        "kumiko_seeds::postgres",
        "kumiko_seeds::sqlite",
    );
    let shown = app.command("init --database sqlite --yes").run();
    let changed = "exit 0\n-- stdout\nchanged Cargo.toml: kumiko-seeds now with sqlite\n";
    assert!(shown.starts_with(changed), "{shown}");
    // What the source says counts for more than the features, which are both there now.
    assert_nothing_to_do(&app, "init", "shop");
}

/// A file that names its database by another name can only be looked at by people.
#[test]
fn a_database_that_the_source_does_not_name_is_left_to_people() {
    let app = ready();
    app.edit(
        "src/seeds.rs",
        "use kumiko_seeds::postgres as",
        "use crate::db as",
    );
    let shown = app.command("init --database sqlite --yes").run();
    assert_shows(
        &shown,
        "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds now with sqlite
-- stderr
note: seeds run on SQLite, as --database says
left: see that what src/seeds.rs brings in is of kumiko_seeds::sqlite, and the seeds as well
next: create a seed, write it, and apply it
    export DATABASE_URL='sqlite:shop.db?mode=rwc'
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    assert_nothing_to_do(&app, "init --database sqlite", "shop");
}

#[test]
fn events_that_are_there_are_not_taken_away() {
    let app = ready();
    let before = files(&app);
    let refused = "\
exit 2
-- stderr
error: kumiko-seeds is there for package shop with its feature events, and --no-events asks for it without
help: leave --no-events out; or give kumiko-seeds default-features = false in the Cargo.toml that names it, and run this again:
    cargo kumiko-ops init --no-events --yes
";
    assert_shows(&app.command("init --no-events --yes").run(), refused);
    assert_eq!(files(&app), before);

    let member = App::empty();
    let root =
        "[workspace]\nmembers = [\"shop\"]\n\n[workspace.dependencies]\nkumiko-seeds = \"0.1\"\n";
    member.write("Cargo.toml", root);
    member.write("shop/Cargo.toml", MANIFEST);
    member.write("shop/src/lib.rs", "");
    assert_shows(&member.command("init --no-events --yes").run(), refused);
}

#[test]
fn a_checkout_takes_the_place_of_published_libraries() {
    let app = ready();
    let checkout = workspace().display().to_string();
    let shown = app.call(["init", "--path", &checkout, "--yes"]).run();
    // A path is shown in its shorter form, which depends on where the checkout is.
    let shown_checkout = shown.split(" at ").nth(1).unwrap_or_default();
    let (shown_checkout, _) = shown_checkout.split_once("/kumiko-seeds,").unwrap();
    let line = format!(
        "changed Cargo.toml: kumiko-seeds at {shown_checkout}/kumiko-seeds, \
         kumiko-seeds-cli at {shown_checkout}/kumiko-seeds-cli, \
         kumiko-seeds-build at {shown_checkout}/kumiko-seeds-build\n"
    );
    assert!(shown.contains(&line), "{shown}");
    let names = |checkout: &str| checkout.rsplit('/').next().map(str::to_owned);
    assert_eq!(names(shown_checkout), names(&checkout), "{shown}");
    let manifest = app.read("Cargo.toml");
    let dependency = format!(
        "kumiko-seeds = {{ version = \"0.1.0\", features = [\"postgres\"], path = \"{shown_checkout}/kumiko-seeds\" }}\n"
    );
    assert!(manifest.contains(&dependency), "{manifest}");
    assert_nothing_to_do(&app, &format!("init --path {checkout}"), "shop");
    assert_nothing_to_do(&app, "init", "shop");
}
