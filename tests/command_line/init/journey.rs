//! The result compiles and does what the next steps say.

use super::assert_nothing_to_do;
use super::many_steps::assert_compiles;
use crate::app::App;
use crate::program::{cargo, workspace};
use crate::transcript::assert_shows;

/// From `cargo new` to a seed that is applied, with every line that is shown.
#[test]
fn the_whole_journey_works() {
    let app = App::new_package("init-journey", "--bin");
    let checkout = workspace().display().to_string();
    let init = app.call(["init", "--yes", "--database", "sqlite", "--path", &checkout]);
    assert_shows(
        &init.run(),
        "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with sqlite, kumiko-seeds-cli, kumiko-seeds-build, default-run init-journey
created build.rs
created seeds/.gitkeep
created src/bin/init-journey-ops.rs
created src/lib.rs
created src/seeds.rs
-- stderr
note: seeds run on SQLite, as --database says
note: package init-journey gets a library, since its binaries share the seeds; move what your write handlers need there
next: register your write handlers in src/seeds.rs, and apply the seeds where the app starts, with its sqlx pool:
    init_journey::seeds::seeds().apply(&pool).await?;
next: a pool needs these dependencies
    cargo add sqlx@0.9 --no-default-features
    cargo add tokio --features macros,rt-multi-thread
next: create a seed, write it, and apply it
    export DATABASE_URL='sqlite:init-journey.db?mode=rwc'
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    app.paste("cargo add sqlx@0.9 --no-default-features");
    app.paste("cargo add tokio --features macros,rt-multi-thread");
    let output = app.command("seed:new first-change --test").output();
    let created = String::from_utf8(output.stdout).unwrap();
    let (seed, test) = created.trim().split_once('\n').unwrap();
    // What the test needs, from where the app has the other libraries.
    let shown = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    let needed = lines.iter().filter(|line| line.starts_with("cargo add "));
    let needed: Vec<&&str> = needed.collect();
    assert_eq!(needed.len(), 1, "{shown}");
    assert!(
        needed[0].ends_with("kumiko-seeds-testing --features sqlite"),
        "{shown}"
    );
    app.paste(needed[0]);
    let template = app.read(seed);
    let (start, _) = template.split_once("    // A seed runs").unwrap();
    let body = "    ctx.db().await?;\n    Ok(())\n}\n";
    app.write(seed, &format!("{start}{body}"));
    // The test finds the seeds where `init` has put them.
    let test = test.strip_prefix("tests/").unwrap();
    let shown = app.cargo_test(test.strip_suffix(".rs").unwrap());
    assert!(shown.contains("test result: ok. 1 passed"), "{shown}");

    let run = |line: &str| {
        let call = app.command(line);
        call.variable("DATABASE_URL", "sqlite:init-journey.db?mode=rwc")
            .run()
    };
    assert_shows(
        &run("seed:apply"),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying [today]-first-change
applied [today]-first-change in [time]
",
    );
    let shown = run("seed:status --check");
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert!(shown.ends_with("\n\n1 applied, 0 pending\n"), "{shown}");
    assert_shows(
        &run("seed:apply"),
        "exit 0\n-- stdout\nnothing pending: 1 seed is applied\n",
    );
    assert_nothing_to_do(&app, "init", "init-journey");
    assert_nothing_to_do(&app, &format!("init --path {checkout}"), "init-journey");

    let good = "exit 0\n-- stdout\n2 seeds, 0 handler calls: all good\n";
    let template = kumiko_ops_templates::SEED_MIGRATING_STREAMS;
    let migration = assert_compiles(&app, "--migrate-streams", template, "", good);
    std::fs::remove_file(app.path(&migration)).unwrap();

    // The handler of the example is not there, and its call is found.
    let verified = "\
exit 1
-- stderr
error: seeds call handlers that would fail:
  seeds/[today]-many-steps.rs:42: no write handler is registered as \"member:write:set-default-role\"
note: 2 seeds, 1 handler call: 1 problem
help: register the handler, or correct its name or its roles in the seed; then run this again:
    cargo kumiko-ops seed:verify
";
    assert_compiles(
        &app,
        "--batch",
        kumiko_ops_templates::SEED_BATCH,
        "",
        verified,
    );
}

#[test]
fn the_result_compiles_for_postgres_without_a_warning() {
    let app = App::new_package("init-postgres", "--lib");
    // One build of the driver serves the apps of either database.
    let sqlx = "sqlx = { version = \"0.9\", default-features = false, features = [\"postgres\", \"sqlite-bundled\"] }";
    app.edit(
        "Cargo.toml",
        "[dependencies]\n",
        &format!("[dependencies]\n{sqlx}\n"),
    );
    app.edit(
        "src/lib.rs",
        "pub fn",
        "#![warn(missing_docs)]\n//! An app.\n\n/// Adds.\npub fn",
    );
    let checkout = workspace().display().to_string();
    let init = app.call(["init", "--yes", "--app", "billing", "--path", &checkout]);
    let shown = init.run();
    let reason = "note: seeds run on PostgreSQL, as sqlx has features of both databases; --database sqlite chooses SQLite\n";
    assert!(shown.contains(reason), "{shown}");
    let shown = app
        .command("seed:apply --database-url postgres://localhost:1/none")
        .run();
    assert!(
        shown.starts_with(
            "exit 2\n-- stderr\nerror: could not connect to postgres://localhost:1/none\n"
        ),
        "{shown}"
    );
    let formatted = cargo()
        .args(["fmt", "--check"])
        .current_dir(app.path(""))
        .output()
        .unwrap();
    assert!(formatted.status.success(), "{formatted:?}");
}
