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
2 applied in [time]
-- stderr
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying 2026-05-20-grant-tenant-admin
applied 2026-05-20-grant-tenant-admin in [time]
",
    );
    assert!(app.path("admin-roles.db").exists());
    assert_shows(
        &app.command("seed:apply").variable("CI", "true").run(),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );
    assert_shows(
        &app.command("seed:work --format json").run(),
        "\
exit 0
-- stdout
{
  \"version\": 1,
  \"applied\": [],
  \"applied_elsewhere\": [],
  \"failed\": [],
  \"left\": [],
  \"error\": null,
  \"stopped\": false,
  \"warnings\": [],
  \"duration_ms\": [time]
}
",
    );
    let shown = app.command("seed:status --check").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert!(shown.ends_with("\n\n2 applied, 0 pending\n"), "{shown}");
}

#[test]
fn postgres_gets_the_same_seeds_through_the_variable() {
    let database = postgres("");
    let app = App::example("on-postgres");
    let apply_to = |url: &str, options: &str| {
        app.command(&format!("seed:apply -F postgres {options}"))
            .variable("DATABASE_URL", url)
            .run()
    };
    let apply = |options: &str| apply_to(&database.url, options);
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
      \"duration_ms\": [time],
      \"events\": 5,
      \"retries\": 0
    },
    {
      \"id\": \"2026-05-20-grant-tenant-admin\",
      \"duration_ms\": [time],
      \"events\": 2,
      \"retries\": 0
    }
  ],
  \"applied_elsewhere\": [],
  \"skipped\": [],
  \"not_here\": [],
  \"failed\": null,
  \"not_attempted\": [],
  \"failed_in_background\": [],
  \"left\": [],
  \"warnings\": [],
  \"duration_ms\": [time]
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

    // The app decides by its own features of sqlx whether it can do TLS; the example leaves it out.
    let (_, address) = database.url.split_once('@').unwrap();
    assert_shows(
        &apply_to(&format!("{}?sslmode=require", database.url), ""),
        &format!(
            "\
exit 2
-- stderr
error: could not connect to postgres://{address}
caused by: error occurred while attempting to establish a TLS connection: TLS upgrade required by connect options but SQLx was built without TLS support enabled
help: build the app with TLS, in one of the ways that sqlx knows:
    cargo add sqlx --no-default-features --features tls-rustls-ring-native-roots
"
        ),
    );

    assert_shows(
        &apply_to("sqlite:app.db?mode=rwc", ""),
        "\
exit 2
-- stderr
error: the database URL in DATABASE_URL is that of a SQLite database
note: this app is built for PostgreSQL, with the feature postgres of kumiko-seeds
help: use postgres://user:password@host:port/database
",
    );
    wait(database.remove());
}

/// Whoever reads the result gets nothing else, whatever prints.
#[cfg(unix)]
#[test]
fn what_a_seed_prints_is_not_in_the_result() {
    let app = App::example("prints");
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "    Ok(())\n",
        "    println!(\"a line\");
    let mut echo = std::process::Command::new(\"echo\");
    echo.arg(\"a child's line\").status()?;
    print!(\"no line's end\");
    Ok(())\n",
    );
    for dry_run in [" --dry-run", ""] {
        let output = app
            .command(&format!("seed:apply --format json{dry_run}"))
            .output();
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["version"], 1, "{result}");
        let said = String::from_utf8(output.stderr).unwrap();
        for line in ["a line\n", "a child's line\n", "no line's end"] {
            assert!(said.contains(line), "{said}");
        }
    }
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
note: 0 applied, 1 still to apply, in [time]
help: correct the seed and run this again; what was applied stays applied:
    cargo kumiko-ops seed:apply
";
    let first = app.command("seed:apply").run();
    assert!(
        first.contains("applied before: 2026-03-02-initial-tenants;"),
        "{first}"
    );
    assert_shows(&app.command("seed:apply").run(), shown);

    let today = chrono::Utc::now().date_naive().to_string();
    let flag = format!(
        "KUMIKO_SKIP_ES_OPS_{}_FIX_ADMIN_ROLES",
        today.replace('-', "_")
    );
    let shown = app.command("seed:apply").variable(&flag, "1").run();
    let warning = format!(
        "warning: {flag}=1 has no effect: seed [today]-fix-admin-roles does not say `pub const SKIPPABLE: bool = true;`\n"
    );
    assert!(shown.contains(&warning), "{shown}");
    let help = format!(
        "help: to leave [today]-fix-admin-roles out with {flag}=1, write `pub const SKIPPABLE: bool = true;` into it and \
         build again; with KUMIKO_SKIP_ES_OPS=1 an app boots without any seed\n"
    );
    assert!(shown.ends_with(&help), "{shown}");
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
2 applied in [time]
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
