//! `seed:apply`: builds the app's ops binary and lets it apply the seeds.

use crate::app::App;
use crate::database::{postgres, wait};
use crate::transcript::assert_shows;

#[test]
fn pending_seeds_are_applied_once() {
    let app = App::example("applied-once");
    assert_shows(
        &app.command("kumiko-ops seed:apply").from("src").run(),
        "\
exit 0
-- stdout
2 applied
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    assert!(app.path("admin-roles.db").exists());
    assert_shows(
        &app.command("seed:apply").run(),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );
    let shown = app.command("seed:status --check").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert!(shown.ends_with("\n\n2 applied, 0 pending\n"), "{shown}");
}

#[test]
fn postgres_gets_the_same_seeds_through_the_variable() {
    let database = postgres("");
    let app = App::example("on-postgres");
    let apply = |options: &str| {
        app.command(&format!("seed:apply -F postgres {options}"))
            .variable("DATABASE_URL", &database.url)
            .run()
    };
    assert_shows(
        &apply("--applied-by ci-pipeline --format json --lock-timeout 7"),
        "\
exit 0
-- stdout
{
  \"version\": 1,
  \"applied\": [
    {
      \"id\": \"2026-03-02-initial-tenants\",
      \"duration_ms\": [time]
    },
    {
      \"id\": \"2026-05-20-grant-tenant-admin\",
      \"duration_ms\": [time]
    }
  ],
  \"applied_elsewhere\": [],
  \"skipped\": [],
  \"failed\": null,
  \"not_attempted\": [],
  \"warnings\": []
}
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    assert_shows(
        &apply(""),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );
    let causes = wait(database.texts("SELECT DISTINCT applied_by FROM kumiko_es_operations"));
    assert_eq!(causes, ["ci-pipeline"]);
    wait(database.remove());
}

/// A fresh seed has to compile without a warning, and must not count as applied before it is written.
#[test]
fn a_seed_that_is_not_written_fails() {
    let app = App::example("not-written");
    app.remove("seeds/2026-05-20-grant-tenant-admin.rs");
    app.command("seed:new fix-admin-roles").run();
    let shown = "\
exit 1
-- stderr
applying [today]-fix-admin-roles
failed [today]-fix-admin-roles
error: seed [today]-fix-admin-roles failed
caused by: [today]-fix-admin-roles is not written yet
note: stopped at: [today]-fix-admin-roles; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: correct the seed and run this again; what was applied stays applied
";
    let first = app.command("seed:apply").run();
    assert!(
        first.contains("applied before: 2026-03-02-initial-tenants;"),
        "{first}"
    );
    assert_shows(&app.command("seed:apply").run(), shown);
}

/// A package's first seed takes its context from the library, and the app below uses PostgreSQL.
#[test]
fn the_template_and_the_example_in_it_compile() {
    let app = App::example("template");
    let initial = app.read("seeds/2026-03-02-initial-tenants.rs");
    app.remove("seeds/2026-03-02-initial-tenants.rs");
    app.remove("seeds/2026-05-20-grant-tenant-admin.rs");
    app.edit(
        "Cargo.toml",
        "default = [\"sqlite\"]",
        "default = [\"postgres\"]",
    );
    let path = app.command("seed:new fix").stdout();
    let path = path.trim();
    let template =
        kumiko_ops_templates::SEED.replace("What this seed changes, in a sentence", "Fix");
    assert_eq!(app.read(path), template);

    let database = postgres("");
    let apply = || {
        app.command("seed:apply")
            .variable("DATABASE_URL", &database.url)
            .run()
    };
    let shown = apply();
    assert!(shown.starts_with("exit 1\n-- stderr\napplying "), "{shown}");
    assert!(!shown.contains("warning"), "{shown}");

    // The first lines of comments that are indented are the example.
    let example: Vec<&str> = template
        .lines()
        .filter_map(|line| line.strip_prefix("    //     "))
        .collect();
    let (start, _) = template.split_once("    // A seed runs").unwrap();
    app.write(path, &format!("{start}{}\n}}\n", example.join("\n")));
    app.write("seeds/2026-03-02-initial-tenants.rs", &initial);
    assert_shows(
        &apply(),
        "\
exit 0
-- stdout
2 applied
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying [today]-fix
applied [today]-fix in [time]
",
    );
    wait(database.remove());
}

#[test]
fn a_build_that_fails_applies_nothing() {
    let app = App::example("build-fails");
    app.edit("src/lib.rs", "pub fn seeds()", "pub fn sseeds()");
    let shown = app.command("seed:apply").run();
    assert!(
        shown.starts_with("exit 2\n-- stderr\nerror[E0425]: cannot find function `seeds`"),
        "{shown}"
    );
    assert!(
        shown.ends_with(
            "\
error: could not build the ops binary admin-roles-ops
help: correct what stands above and run this again; no seed was applied
"
        ),
        "{shown}"
    );
    assert!(!app.path("admin-roles.db").exists());
}

#[test]
fn the_ops_binary_that_is_asked_for_works() {
    let app = App::example("ops-binary");
    app.remove("src/bin/admin-roles-ops.rs");
    let shown = app.command("seed:apply").run();
    let source = "    \
    //! The app's seeds from a command line, also in a container: `ops-binary-ops seed:status`.

    fn main() -> std::process::ExitCode {
        kumiko_seeds::cli::main(admin_roles::seeds())
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
        shown.starts_with("exit 0\n-- stdout\n2 applied\n"),
        "{shown}"
    );
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

#[test]
fn the_url_is_in_no_argument() {
    let app = App::example("arguments");
    app.write(
        "src/bin/admin-roles-ops.rs",
        "//! Prints what it was given.

fn main() {
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            println!(\"{arguments:?} {:?}\", std::env::var(\"DATABASE_URL\"));
            std::process::exit(7);
        }",
    );
    assert_shows(
        &app.command("seed:apply --lock-timeout 5 --database-url postgres://user:s3cret@localhost/app")
            .run(),
        "\
exit 7
-- stdout
[\"seed:apply\", \"--applied-by\", \"cli\", \"--format\", \"table\", \"--lock-timeout\", \"5\"] Ok(\"postgres://user:s3cret@localhost/app\")
",
    );
}

#[cfg(unix)]
#[test]
fn a_signal_that_ends_the_ops_binary_is_named() {
    let app = App::example("signal");
    app.write(
        "src/bin/admin-roles-ops.rs",
        "//! Ends by a signal.\n\nfn main() { std::process::abort() }",
    );
    let shown = app.command("seed:apply -p signal").run();
    let expected = "\
exit 2
-- stderr
error: the ops binary was ended by signal: 6 (SIGABRT)
help: what it had applied stays applied; see where each seed stands:
    cargo kumiko-ops seed:status -p signal
";
    // With or without a note that the system has kept the memory for a look.
    assert_shows(&shown.replace(" (core dumped)", ""), expected);
}

#[test]
fn a_message_names_the_place_that_the_url_came_from() {
    let app = App::example("source");
    app.edit(
        "Cargo.toml",
        "sqlite:admin-roles.db",
        "sqlite:no/such/folder.db",
    );
    assert_shows(
        &app.command("seed:apply").run(),
        "\
exit 2
-- stderr
error: could not connect to sqlite:[app]/no/such/folder.db
caused by: the database says: unable to open database file (code 14)
help: do the folder and the file exist, and may this user write there? the path is in Cargo.toml
",
    );
}
