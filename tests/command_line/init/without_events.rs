//! Apps without an event store: seeds that write rows.

use std::path::Path;

use super::many_steps::assert_compiles;
use super::{MANIFEST, assert_nothing_to_do};
use crate::app::App;
use crate::database::{sqlite, texts, wait};
use crate::program::workspace;
use crate::transcript::assert_shows;

/// From a package to a row that is changed, in one whose name is a keyword.
#[test]
fn a_seed_changes_rows() {
    let app = App::new_package("init-rows", "--lib");
    app.edit("Cargo.toml", "\"init-rows\"", "\"dyn\"");
    let checkout = workspace().display().to_string();
    let arguments = ["init", "--yes", "--no-events", "--database", "sqlite"];
    let init = app.call(arguments.into_iter().chain(["--path", &checkout]));
    assert_shows(
        &init.run(),
        "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with sqlite and without default features, kumiko-seeds-cli without default features, kumiko-seeds-build
changed src/lib.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created src/bin/dyn-ops.rs
created src/seeds.rs
-- stderr
note: seeds run on SQLite, as --database says
next: apply the seeds where the app starts, with its sqlx pool:
    r#dyn::seeds::seeds().apply(&pool).await?;
next: a pool needs these dependencies
    cargo add sqlx@0.9 --no-default-features
    cargo add tokio --features macros,rt-multi-thread
next: create a seed, write it, and apply it
    export DATABASE_URL='sqlite:dyn.db?mode=rwc'
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:status
    cargo kumiko-ops seed:apply
",
    );
    let paths = app.read("Cargo.toml");
    assert!(
        paths.contains("default-features = false, features = [\"sqlite\"] }"),
        "{paths}"
    );
    let tree = app.paste("cargo tree --edges normal,features --prefix none");
    assert!(tree.contains("kumiko-seeds feature \"sqlite\""), "{tree}");
    assert!(!tree.contains("feature \"events\""), "{tree}");
    assert_nothing_to_do(&app, "init", "dyn");
    assert_nothing_to_do(&app, "init --no-events", "dyn");

    app.paste("cargo add sqlx@0.9 --no-default-features");
    let output = app.command("seed:new fix --test").output();
    let created = String::from_utf8(output.stdout).unwrap();
    let (path, test) = created.trim().split_once('\n').unwrap();
    let needed = String::from_utf8(output.stderr).unwrap();
    let needed = needed.lines().map(str::trim);
    for line in needed.filter(|line| line.starts_with("cargo add ")) {
        app.paste(line);
    }
    let template = app.read(path);
    assert_eq!(
        template,
        kumiko_ops_templates::SEED_OF_ROWS
            .replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite")
            .replace("What this seed changes, in a sentence", "Fix")
    );
    let file = app.path("dyn.db");
    sqlite(
        &file,
        "CREATE TABLE plans (id integer PRIMARY KEY, name text NOT NULL, tier text);
         INSERT INTO plans (name, tier) VALUES ('old', NULL), ('new', 'gold');",
    );
    let shown = apply(&app);
    assert!(shown.starts_with("exit 1\n"), "{shown}");
    assert!(shown.contains("-fix is not written yet"), "{shown}");
    assert!(!shown.contains("warning"), "{shown}");

    // The first lines of comments that are indented are the example.
    let example: Vec<&str> = template
        .lines()
        .filter_map(|line| line.strip_prefix("    //     "))
        .collect();
    let (start, _) = template.split_once("    // A seed runs").unwrap();
    app.write(path, &format!("{start}{}\n}}\n", example.join("\n")));
    let given = "    database.given_seeds_before(SEED).await?;\n";
    let plans = "    database.execute(\"CREATE TABLE plans (tier text); INSERT INTO plans VALUES (NULL)\").await?;\n";
    app.edit(test, given, &format!("{given}{plans}"));
    let name = test.strip_prefix("tests/").unwrap();
    let shown = app.cargo_test(name.strip_suffix(".rs").unwrap());
    assert!(shown.contains("test result: ok. 1 passed"), "{shown}");
    assert_shows(
        &apply(&app),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying [today]-fix
applied [today]-fix in [time]
",
    );
    assert_eq!(tiers(&file), ["new gold", "old basic"]);

    there_are_no_projections(&app);
    steps_change_rows(&app, &file);
}

fn there_are_no_projections(app: &App) {
    for line in ["projection:status", "projection check plans --format json"] {
        let projections = app.command(line);
        let projections = projections.variable("DATABASE_URL", "sqlite:dyn.db");
        assert_shows(
            &projections.run(),
            "\
exit 2
-- stderr
error: this app has no events: its kumiko-seeds-cli is without the feature events
help: if it has some, give it that:
    cargo add kumiko-seeds-cli --features events
",
        );
    }
}

/// The same by a seed of many steps, with the example of its comments but in the foreground.
fn steps_change_rows(app: &App, file: &Path) {
    let verified = "exit 0\n-- stdout\n2 seeds, 0 handler calls: all good\n";
    let template = kumiko_ops_templates::SEED_BATCH_OF_ROWS;
    let path = assert_compiles(app, "--batch", template, "", verified);
    app.edit(&path, "pub const BACKGROUND: bool = true;\n", "");
    sqlite(file, "UPDATE plans SET tier = NULL WHERE name = 'old'");
    let shown = apply(app);
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert_eq!(tiers(file), ["new gold", "old basic"]);
}

fn apply(app: &App) -> String {
    let call = app.command("seed:apply");
    call.variable("DATABASE_URL", "sqlite:dyn.db?mode=rwc")
        .run()
}

fn tiers(file: &Path) -> Vec<String> {
    let tiers = "SELECT name || ' ' || tier FROM plans ORDER BY name";
    wait(texts(file, tiers))
}

/// What a package or its workspace has already decides, and what is scaffolded fits it.
#[test]
fn features_that_are_there_decide() {
    let app = App::empty();
    let dependency =
        "kumiko-seeds = { version = \"0.1\", default-features = false, features = [\"sqlite\"] }\n";
    app.write("Cargo.toml", &format!("{MANIFEST}{dependency}"));
    app.write("src/lib.rs", "");
    app.command("init --yes").run();
    let module = kumiko_ops_templates::SEEDS_WITHOUT_EVENTS;
    let on_sqlite =
        |template: &str| template.replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite");
    assert_eq!(app.read("src/seeds.rs"), on_sqlite(module));
    assert!(!app.read("Cargo.toml").contains("events"));

    let events = dependency.replace("\"sqlite\"", "\"sqlite\", \"events\"");
    app.write("Cargo.toml", &format!("{MANIFEST}{events}"));
    app.write("src/lib.rs", "");
    for path in ["src/seeds.rs", "src/bin/shop-ops.rs"] {
        app.remove(path);
    }
    app.command("init --yes").run();
    assert_eq!(
        app.read("src/seeds.rs"),
        on_sqlite(kumiko_ops_templates::SEEDS)
    );

    // A workspace that leaves the choice to its members: events, unless it is told otherwise.
    for (line, module, features) in [
        (
            "init --yes",
            kumiko_ops_templates::SEEDS,
            "\"postgres\", \"events\"",
        ),
        ("init --yes --no-events", module, "\"postgres\""),
    ] {
        let member = App::empty();
        let shared = "kumiko-seeds = { version = \"0.1\", default-features = false }";
        let root =
            format!("[workspace]\nmembers = [\"shop\"]\n\n[workspace.dependencies]\n{shared}\n");
        member.write("Cargo.toml", &root);
        member.write("shop/Cargo.toml", MANIFEST);
        member.write("shop/src/lib.rs", "");
        member.command(line).run();
        assert_eq!(member.read("shop/src/seeds.rs"), module);
        let manifest = member.read("shop/Cargo.toml");
        let dependency =
            format!("kumiko-seeds = {{ workspace = true, features = [{features}] }}\n");
        assert!(manifest.contains(&dependency), "{manifest}");
        assert_nothing_to_do(&member, line.trim_end_matches("--yes"), "shop");
    }
}
