//! Which package a command is about.

use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn several_apps_are_listed() {
    let app = App::fixture("two-apps");
    let several = "\
exit 2
-- stderr
error: several packages have seeds: billing, shop
help: name the one you mean:
    cargo kumiko-ops seed:status -p billing
    cargo kumiko-ops seed:status -p shop
";
    assert_shows(&app.command("seed:status").run(), several);
    app.write("docs/notes.md", "");
    assert_shows(&app.command("seed:status").from("docs").run(), several);
}

#[test]
fn in_the_folder_of_an_app_it_is_that_app() {
    let app = App::fixture("two-apps");
    let shown = app.command("seed:new fix").from("shop/src").run();
    assert!(
        shown.starts_with("exit 0\n-- stdout\n../seeds/[today]-fix.rs\n"),
        "{shown}"
    );
}

#[test]
fn the_only_app_need_not_be_named() {
    let app = App::fixture("two-apps");
    app.edit("Cargo.toml", "\"billing\", ", "");
    let shown = app.command("seed:new fix").run();
    assert!(
        shown.starts_with("exit 0\n-- stdout\nshop/seeds/[today]-fix.rs\n"),
        "{shown}"
    );
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let app = App::fixture("two-apps");
    assert_shows(
        &app.command("seed:status -p bill").run(),
        "\
exit 2
-- stderr
error: there is no package bill in this workspace
help: the packages are billing, shared, shop
",
    );
}

#[test]
fn without_an_app_it_says_how_to_begin() {
    let begin = "\
help: in the folder of your app:
    cargo kumiko-ops init
";
    let plain = "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let app = App::empty();
    app.write("plain/Cargo.toml", plain);
    app.write("plain/src/lib.rs", "");
    assert_shows(
        &app.command("seed:new fix").from("plain").run(),
        &format!(
            "\
exit 2
-- stderr
error: package plain has no seeds: it does not depend on kumiko-seeds and has no folder [app]/plain/seeds
{begin}"
        ),
    );
    app.write("Cargo.toml", "[workspace]\nmembers = [\"plain\"]\n");
    assert_shows(
        &app.command("seed:new fix").run(),
        &format!(
            "\
exit 2
-- stderr
error: no package of this workspace has seeds: none depends on kumiko-seeds or has a folder seeds
{begin}"
        ),
    );
}

#[test]
fn outside_of_every_package_it_says_so() {
    let app = App::empty();
    assert_shows(
        &app.command("seed:status").run(),
        "\
exit 2
-- stderr
error: there is no Cargo.toml in [app] or a folder above it
help: go to the folder of your app, or name it with --manifest-path <folder>/Cargo.toml
",
    );
    assert_shows(
        &app.command("seed:status --manifest-path app/Cargo.toml")
            .run(),
        "\
exit 2
-- stderr
error: there is no Cargo.toml at app/Cargo.toml
caused by: No such file or directory (os error 2)
help: --manifest-path is the path of the file: --manifest-path <folder>/Cargo.toml
",
    );
}

#[test]
fn what_cargo_does_not_understand_is_cargos_to_explain() {
    let app = App::fixture("shop");
    app.write("Cargo.toml", "[package]\nname = 1\n");
    let shown = app.command("seed:status").run();
    assert!(
        shown.starts_with("exit 2\n-- stderr\nerror: could not read [app]/Cargo.toml\ncaused by: "),
        "{shown}"
    );
}
