//! `seed:new` with a date, a template, a test or an editor.

use std::fs;

use crate::app::App;
use crate::transcript::assert_shows;

const NEXT: &str = "\
next: write the seed, then
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
";

#[test]
fn a_date_can_be_given_and_has_to_be_one() {
    let app = App::fixture("shop");
    assert_shows(
        &app.command("seed:new fix --date 2026-02-01").run(),
        &format!(
            "\
exit 0
-- stdout
seeds/2026-02-01-fix.rs
-- stderr
note: 2026-02-20-second has a later date; where it is applied, the new seed is out of order
{NEXT}"
        ),
    );
    assert_shows(
        &app.command("seed:new fix --date 2026-02-01").run(),
        "\
exit 2
-- stderr
error: seeds/2026-02-01-fix.rs exists, and is left as it is
help: choose another slug:
    cargo kumiko-ops seed:new fix-2 --date 2026-02-01
",
    );
    for (date, reason) in [
        ("2026-02-30", "there is no such date"),
        ("2026-2-3", "a date is written YYYY-MM-DD"),
        ("20260203", "a date is written YYYY-MM-DD"),
        ("today", "a date is written YYYY-MM-DD"),
    ] {
        assert_shows(
            &app.command(&format!("seed:new fix --date {date}")).run(),
            &format!(
                "\
exit 2
-- stderr
error: invalid value '{date}' for '--date <YYYY-MM-DD>': {reason}

For more information, try '--help'.
"
            ),
        );
    }
    assert_eq!(fs::read_dir(app.path("seeds")).unwrap().count(), 3);
    let shown = app.command("seed:new earlier --date 2026-02-20").run();
    let note = "note: 2026-02-20-second has the same date and sorts after it; where it is applied, \
                the new seed is out of order\n";
    assert!(shown.contains(note), "{shown}");
}

#[test]
fn a_new_seed_comes_after_those_of_the_same_day() {
    let app = App::fixture("shop");
    let first = app.command("seed:new zebra").run();
    let today = first.split("seeds/").nth(1).unwrap();
    assert!(today.starts_with("[today]-zebra.rs"), "{first}");
    // It does not sort before what it may build on.
    let second = app.command("seed:new add members").run();
    let note = "note: its date is [tomorrow], so that it comes after [today]-zebra; if it is to come before that, give it a \
                date with --date\n";
    let tomorrow = chrono::Utc::now()
        .date_naive()
        .succ_opt()
        .unwrap()
        .to_string();
    let second = second.replace(&tomorrow, "[tomorrow]");
    assert!(
        second.contains("-- stdout\nseeds/[tomorrow]-add-members.rs\n"),
        "{second}"
    );
    assert!(second.contains(note), "{second}");
    // Whoever gives a date gets it.
    let today = chrono::Utc::now().date_naive();
    let given = app.command(&format!("seed:new other --date {today}")).run();
    assert!(given.contains("seeds/[today]-other.rs"), "{given}");
}

#[test]
fn a_project_may_have_templates_of_its_own() {
    let app = App::fixture("shop");
    let settings = "\n[package.metadata.kumiko-ops.templates]\n\
                    roles = \"templates/roles.rs\"\ngone = \"templates/gone.rs\"\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + settings));
    app.write(
        "templates/roles.rs",
        "use {{context}}::*;\nconst A: [&str; 3] = [\"{{id}}\", \"{{slug}}\", \"{{description}}\"];\n",
    );
    let new = |words: &[&str]| {
        let fixed = ["seed:new", "--date", "2026-03-01"];
        app.call(fixed.into_iter().chain(words.iter().copied()))
            .run()
    };
    let shown = new(&["--template", "roles", "Say \"so\""]);
    assert!(
        shown.starts_with("exit 0\n-- stdout\nseeds/2026-03-01-say-so.rs\n"),
        "{shown}"
    );
    assert_eq!(
        app.read("seeds/2026-03-01-say-so.rs"),
        "use kumiko_seeds::sqlite::*;\n\
         const A: [&str; 3] = [\"2026-03-01-say-so\", \"say-so\", \"Say \\\"so\\\"\"];\n"
    );
    assert_shows(
        &new(&["--template", "role", "x"]),
        "\
exit 2
-- stderr
error: there is no template role
help: did you mean roles?
help: the templates are batch, default, gone, migrate-streams, roles; name another one in Cargo.toml:
    [package.metadata.kumiko-ops.templates]
    role = \"path/to/role.rs\"
",
    );
    assert_shows(
        &new(&["--template", "gone", "x"]),
        "\
exit 2
-- stderr
error: the template gone cannot be read from templates/gone.rs
caused by: No such file or directory (os error 2)
help: correct its path in [package.metadata.kumiko-ops.templates] of Cargo.toml
",
    );
    app.edit(
        "Cargo.toml",
        "gone = \"templates/gone.rs\"",
        "default = \"templates/roles.rs\"",
    );
    new(&["fix"]);
    assert!(
        app.read("seeds/2026-03-01-fix.rs")
            .starts_with("use kumiko_seeds::sqlite::*;")
    );
}

/// The switch names a template, too, so that a project may have one of its own for it.
#[test]
fn a_seed_of_many_steps_has_a_template_of_its_own() {
    let app = App::fixture("shop");
    let line = "seed:new fix-roles --date 2026-03-01 --batch";
    assert_shows(
        &app.command(line).run(),
        &format!("exit 0\n-- stdout\nseeds/2026-03-01-fix-roles.rs\n-- stderr\n{NEXT}"),
    );
    assert_eq!(
        app.read("seeds/2026-03-01-fix-roles.rs"),
        kumiko_ops_templates::SEED_BATCH
            .replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite")
            .replace("What this seed changes, in a sentence", "Fix roles")
    );
    assert_shows(
        &app.command(line).run(),
        "\
exit 2
-- stderr
error: seeds/2026-03-01-fix-roles.rs exists, and is left as it is
help: choose another slug:
    cargo kumiko-ops seed:new fix-roles-2 --date 2026-03-01 --batch
",
    );
    assert_shows(
        &app.command(&format!("{line} --template default")).run(),
        "\
exit 2
-- stderr
error: the argument '--batch' cannot be used with '--template <NAME>'

Usage: cargo kumiko-ops seed:new --date <YYYY-MM-DD> --batch <NAME>...

For more information, try '--help'.
",
    );

    // The seed after it imports what one with a `run` needs.
    app.edit(
        "seeds/2026-02-20-second.rs",
        "kumiko_seeds::sqlite",
        "crate::database",
    );
    app.command("seed:new later --date 2026-03-02").run();
    let later = app.read("seeds/2026-03-02-later.rs");
    let import = "use crate::database::{SeedContext, SeedResult};";
    assert!(later.contains(import), "{later}");
    app.command("seed:new steps --date 2026-03-03 --batch")
        .run();
    let steps = app.read("seeds/2026-03-03-steps.rs");
    let imports = "use kumiko_seeds::BatchResult;\nuse crate::database::SeedContext;\n";
    assert!(steps.contains(imports), "{steps}");

    let settings = "\n[package.metadata.kumiko-ops.templates]\nbatch = \"steps.rs\"\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + settings));
    app.write("steps.rs", "// {{id}}\n");
    app.command("seed:new own --date 2026-03-01 --batch").run();
    assert_eq!(app.read("seeds/2026-03-01-own.rs"), "// 2026-03-01-own\n");
}

/// A title in a script that leaves nothing for the name of a file stays the description.
#[test]
fn a_title_may_have_a_slug_beside_it() {
    let app = App::fixture("shop");
    let title = "Исправить роли";
    let new = |words: &[&str]| {
        let fixed = ["seed:new", "--date", "2026-03-01"];
        app.call(fixed.into_iter().chain(words.iter().copied()))
            .run()
    };
    assert_shows(
        &new(&[title]),
        "\
exit 2
-- stderr
error: \"Исправить роли\" is no name for a seed: nothing of it can be written with a-z and 0-9
help: say how its file is to be named, for example
    cargo kumiko-ops seed:new 'Исправить роли' --slug fix-admin-roles
",
    );
    assert_shows(
        &new(&[title, "--slug", "fix-roles"]),
        &format!("exit 0\n-- stdout\nseeds/2026-03-01-fix-roles.rs\n-- stderr\n{NEXT}"),
    );
    let seed = app.read("seeds/2026-03-01-fix-roles.rs");
    assert!(
        seed.contains("DESCRIPTION: &str = \"Исправить роли\";"),
        "{seed}"
    );
    assert_shows(
        &new(&[title, "--slug", "fix-roles"]),
        "\
exit 2
-- stderr
error: seeds/2026-03-01-fix-roles.rs exists, and is left as it is
help: choose another slug:
    cargo kumiko-ops seed:new 'Исправить роли' --slug fix-roles-2 --date 2026-03-01
",
    );
    assert_shows(
        &new(&[title, "--slug", "Fix_Roles"]),
        "\
exit 2
-- stderr
error: invalid value 'Fix_Roles' for '--slug <SLUG>': the slug contains 'F', and only a-z, 0-9 and - are allowed

For more information, try '--help'.
",
    );
}

#[cfg(unix)]
#[test]
fn the_editor_gets_the_file_behind_its_own_arguments() {
    let app = App::fixture("shop");
    app.write(
        "it edits.sh",
        "echo \"$#: $1, ${2##*/}\" > edited; exit ${EXIT:-0}\n",
    );
    let edit = |name: &str, editor: &str, exit: &str| {
        let call = app.command(&format!("seed:new {name} --date 2026-03-01 --edit"));
        let call = call.without_variable("VISUAL").variable("EXIT", exit);
        call.variable("EDITOR", editor).run()
    };
    let created = |name: &str| format!("-- stdout\nseeds/2026-03-01-{name}.rs\n-- stderr\n{NEXT}");
    assert_shows(
        &edit("one", "sh 'it edits.sh' --wait", "0"),
        &format!("exit 0\n{}", created("one")),
    );
    assert_eq!(app.read("edited"), "2: --wait, 2026-03-01-one.rs\n");
    assert_shows(
        &edit("two", "sh 'it edits.sh'", "3"),
        &format!(
            "exit 2\n{}error: the editor sh failed: exit status: 3\n\
             note: seeds/2026-03-01-two.rs is created and stays\n",
            created("two")
        ),
    );
    assert!(app.path("seeds/2026-03-01-two.rs").exists());
    assert_shows(
        &edit("zed", "no-such-editor", "0"),
        &format!(
            "exit 2\n{}error: could not start the editor no-such-editor\n\
             caused by: No such file or directory (os error 2)\n\
             note: seeds/2026-03-01-zed.rs is created and stays\n\
             help: is it installed? it is named in EDITOR\n",
            created("zed")
        ),
    );
    assert_shows(
        &edit("four", "vi 'open", "0"),
        "exit 2\n-- stderr\nerror: EDITOR is no command: vi 'open\nhelp: is a quote left open?\n",
    );
    assert_shows(
        &edit("four", "", "0"),
        "\
exit 2
-- stderr
error: --edit needs an editor: VISUAL and EDITOR are not set
help: name one, for example
    export EDITOR=vi
",
    );
    assert!(!app.path("seeds/2026-03-01-four.rs").exists());
}

#[test]
fn a_test_needs_a_library_and_a_place() {
    let app = App::fixture("shop");
    app.write("tests/2026_03_01_fix.rs", "// Mine.\n");
    assert_shows(
        &app.command("seed:new fix --date 2026-03-01 --test").run(),
        "\
exit 2
-- stderr
error: tests/2026_03_01_fix.rs exists, and is left as it is
help: choose another slug:
    cargo kumiko-ops seed:new fix-2 --date 2026-03-01 --test
",
    );
    assert!(!app.path("seeds/2026-03-01-fix.rs").exists());
    assert_shows(
        &app.command("seed:new other --date 2026-03-01 --test").run(),
        &format!(
            "\
exit 0
-- stdout
seeds/2026-03-01-other.rs
tests/2026_03_01_other.rs
-- stderr
note: the test calls shop::seeds(); correct it if the app's SeedRunner comes from elsewhere
note: the test needs
    cargo add --dev kumiko-seeds-testing@0.1.0 --features sqlite
    cargo add --dev tokio --features macros,rt
{NEXT}"
        ),
    );
    app.remove("src/lib.rs");
    app.write("src/main.rs", "fn main() {}\n");
    assert_shows(
        &app.command("seed:new last --date 2026-03-01 --test").run(),
        "\
exit 2
-- stderr
error: package shop has no library for a test to use
help: move what the app is into src/lib.rs, with seeds() being the function that gives its SeedRunner; or leave --test out
",
    );
}
