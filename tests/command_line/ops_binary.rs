//! The ops binary that `seed:apply` starts: which one it is, what it gets, and how it ends.

use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn the_ops_binary_that_is_asked_for_works() {
    let app = App::example("ops-binary");
    app.remove("src/bin/admin-roles-ops.rs");
    let shown = app.command("seed:apply").run();
    let source = "    \
    //! The app's seeds from a command line, also in a container: `ops-binary-ops seed:status`.

    fn main() -> std::process::ExitCode {
        kumiko_seeds_cli::main(admin_roles::seeds())
    }
";
    assert_shows(
        &shown,
        &format!(
            "\
exit 2
-- stderr
error: package ops-binary has no ops binary: no bin target is named ops or ends in -ops
help: create src/bin/ops-binary-ops.rs, with seeds() being the function that gives your app its SeedRunner:
{source}"
        ),
    );
    app.write("src/bin/one-ops.rs", source);
    app.write("src/bin/two-ops.rs", source);
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 2
-- stderr
error: package ops-binary has several ops binaries: one-ops, two-ops
help: name the one that applies seeds, in [app]/Cargo.toml:
    [package.metadata.kumiko-ops]
    bin = \"one-ops\"
",
    );
    let table = "[package.metadata.kumiko-ops]\n";
    app.edit("Cargo.toml", table, &format!("{table}bin = \"two-ops\"\n"));
    let shown = app.command("seed:apply").run();
    assert!(
        shown.starts_with("exit 0\n-- stdout\n2 applied in [time]\n"),
        "{shown}"
    );
    app.write(
        "tenants.txt",
        "sqlite:a.db?mode=rwc\nsqlite:b.db?mode=rwc\n",
    );
    let shown = app.command("seed:apply --databases tenants.txt").run();
    let applied =
        "sqlite:a.db  applied  2\nsqlite:b.db  applied  2\n\n2 applied, of 2 targets in [time]\n";
    assert!(shown.contains(applied), "{shown}");
    app.edit("Cargo.toml", "two-ops", "three-ops");
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 2
-- stderr
error: package ops-binary has no binary three-ops, which [package.metadata.kumiko-ops] in [app]/Cargo.toml names
help: its binaries are one-ops, ops-binary, two-ops
",
    );
}

/// Lets the ops binary do this in place of every command but the one that asks for its seeds.
fn does(app: &App, body: &str) {
    let answer = "if std::env::args().any(|argument| argument == \"seed:carried\") {
        return kumiko_seeds_cli::main(admin_roles::seeds());
    }";
    let source =
        format!("//! Of a test.\n\nfn main() -> std::process::ExitCode {{\n{answer}\n{body}\n}}\n");
    app.write("src/bin/admin-roles-ops.rs", &source);
}

#[test]
fn the_url_is_in_no_argument() {
    let app = App::example("arguments");
    does(
        &app,
        "let arguments: Vec<String> = std::env::args().skip(1).collect();
        println!(\"{arguments:?} {:?}\", std::env::var(\"DATABASE_URL\"));
        std::process::exit(7)",
    );
    assert_shows(
        &app.command(
            "seed:apply --lock-timeout 5 --database-url postgres://user:s3cret@localhost/app",
        )
        .run(),
        "\
exit 7
-- stdout
[\"seed:apply\", \"--lock-timeout\", \"5\"] Ok(\"postgres://user:s3cret@localhost/app\")
",
    );
}

#[test]
fn the_ops_binary_is_told_of_no_other_package() {
    let app = App::example("other-package");
    does(
        &app,
        "for name in [\"CARGO_MANIFEST_DIR\", \"CARGO_PKG_NAME\", \"OUT_DIR\"] {
            println!(\"{:?}\", std::env::var(name));
        }
        std::process::ExitCode::SUCCESS",
    );
    // What `cargo run` sets for the subcommand, when it is run from its sources.
    let call = app.command("seed:apply");
    let call = call.variable("CARGO_MANIFEST_DIR", "/sources/cargo-kumiko-ops");
    let call = call.variable("CARGO_PKG_NAME", "cargo-kumiko-ops");
    assert_shows(
        &call.variable("OUT_DIR", "/sources/out").run(),
        "\
exit 0
-- stdout
Err(NotPresent)
Err(NotPresent)
Err(NotPresent)
",
    );
}

#[cfg(unix)]
#[test]
fn a_signal_that_ends_the_ops_binary_ends_the_subcommand() {
    let app = App::example("signal");
    does(&app, "std::process::abort()");
    let shown = app.command("seed:apply -p signal").run();
    let expected = "signal: 6 (SIGABRT)";
    // With or without a note that the system has kept the memory for a look.
    assert_shows(&shown.replace(" (core dumped)", ""), expected);
}

#[test]
fn a_message_names_the_place_that_the_url_came_from() {
    let app = App::example("source");
    app.edit(
        "Cargo.toml",
        "sqlite:admin-roles.db?mode=rwc",
        "sqlite:no/such/folder.db?mode=rwc",
    );
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 2
-- stderr
error: there is no folder [app]/no/such for the database file
help: create it, or correct the path in Cargo.toml
",
    );
}
