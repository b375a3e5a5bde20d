//! `init`: what it makes of a package, what it leaves alone, and that the result works.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::app::App;
use crate::program::{cargo, workspace};
use crate::transcript::assert_shows;

const MANIFEST: &str = "\
[package]
name = \"shop\"
version = \"0.1.0\"
edition = \"2024\"

[dependencies]
";

const NEXT: &str = "\
next: register your write handlers in src/seeds.rs, and apply the seeds where the app starts, with its sqlx pool:
    shop::seeds::seeds().apply(&pool).await?;
next: create a seed, write it, and apply it
    export DATABASE_URL=postgres://user:password@localhost/database
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:apply
    cargo kumiko-ops seed:status
";

/// What `cargo new --lib` makes, as far as it matters here.
fn library() -> App {
    let app = App::empty();
    app.write("Cargo.toml", MANIFEST);
    app.write("src/lib.rs", "//! A shop.\n\npub fn open() {}\n");
    app
}

/// Every file with its bytes.
fn files(app: &App) -> BTreeMap<String, Vec<u8>> {
    fn collect(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, files);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    let root = app.path("");
    collect(&root, &root, &mut files);
    files
}

#[track_caller]
fn assert_nothing_to_do(app: &App, line: &str, name: &str) {
    let before = files(app);
    assert_shows(
        &app.command(line).run(),
        &format!("exit 0\n-- stdout\nnothing to do: {name} is ready\n"),
    );
    assert_eq!(files(app), before);
}

#[test]
fn a_library_gets_all_it_needs() {
    let app = library();
    assert_shows(
        &app.command("kumiko-ops init --yes").run(),
        &format!(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with cli and postgres, kumiko-seeds-build
changed src/lib.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created src/bin/shop-ops.rs
created src/seeds.rs
-- stderr
note: seeds run on PostgreSQL, the default; --database sqlite chooses SQLite
{NEXT}"
        ),
    );
    assert_eq!(
        app.read("Cargo.toml"),
        format!(
            "{MANIFEST}kumiko-seeds = {{ version = \"0.1.0\", features = [\"cli\", \"postgres\"] }}

[build-dependencies]
kumiko-seeds-build = \"0.1.0\"
"
        )
    );
    assert_eq!(
        app.read("src/lib.rs"),
        "//! A shop.\n\npub mod seeds;\n\npub fn open() {}\n"
    );
    assert_eq!(app.read("build.rs"), kumiko_ops_templates::BUILD_SCRIPT);
    assert_eq!(app.read("src/seeds.rs"), kumiko_ops_templates::SEEDS);
    assert_eq!(app.read("seeds/.gitkeep"), "");
    assert_eq!(
        app.read("src/bin/shop-ops.rs"),
        kumiko_ops_templates::OPS
            .replace("app-ops", "shop-ops")
            .replace("app::", "shop::seeds::")
    );
    assert_nothing_to_do(&app, "init", "shop");
    assert_nothing_to_do(&app, "init --yes --dry-run", "shop");
}

#[test]
fn without_a_terminal_it_changes_files_only_if_told_to() {
    let app = library();
    app.write(
        "build.rs",
        "fn main() {\n    // Mine.\n    mine();\n}\n\nfn mine() {}\n",
    );
    let before = files(&app);
    assert_shows(
        &app.command("init --database sqlite").run(),
        "\
exit 2
-- stderr
error: Cargo.toml, build.rs and src/lib.rs would change, and there is no terminal to ask on; nothing was changed
note: would change Cargo.toml: kumiko-seeds with cli and sqlite, kumiko-seeds-build
note: would change build.rs: kumiko_seeds_build::compile(\"seeds\");
note: would change src/lib.rs: pub mod seeds;
note: would create seeds/.gitkeep
note: would create src/bin/shop-ops.rs
note: would create src/seeds.rs
help: look at it, or do it:
    cargo kumiko-ops init --database sqlite --dry-run
    cargo kumiko-ops init --database sqlite --yes
",
    );
    assert_eq!(files(&app), before);
    let shown = app.command("init --database sqlite --yes").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert_eq!(
        app.read("build.rs"),
        "fn main() {\n    kumiko_seeds_build::compile(\"seeds\");\n    // Mine.\n    mine();\n}\n\nfn mine() {}\n"
    );
    assert_nothing_to_do(&app, "init", "shop");
}

#[test]
fn a_dry_run_shows_what_then_happens() {
    let (planned, done) = (library(), library());
    for app in [&planned, &done] {
        app.edit(
            "Cargo.toml",
            "[dependencies]\n",
            "[dependencies]\r\n# Last.\r\nsqlx = { version = \"0.9\", features = [\"sqlite\"] }",
        );
        app.write("build.rs", "mod more;\nfn main() { more::main() }");
    }
    let before = files(&planned);
    let call = planned.command("init --dry-run");
    let diff = call.stdout();
    assert_eq!(files(&planned), before);

    let patch = App::empty();
    patch.write("init.diff", &diff);
    let applied = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .arg(patch.path("init.diff"))
        .current_dir(planned.path(""))
        .status()
        .unwrap();
    assert!(applied.success(), "git does not apply\n{diff}");
    done.command("init --yes").run();
    assert_eq!(files(&planned), files(&done));
    assert_ne!(files(&planned), before);
}

#[test]
fn a_package_of_one_binary_gets_a_library() {
    let app = App::empty();
    app.write("Cargo.toml", MANIFEST);
    app.write("src/main.rs", "fn main() {}\n");
    assert_shows(
        &app.command("init --yes").run(),
        &format!(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with cli and postgres, kumiko-seeds-build, default-run shop
created build.rs
created seeds/.gitkeep
created src/bin/shop-ops.rs
created src/lib.rs
created src/seeds.rs
-- stderr
note: seeds run on PostgreSQL, the default; --database sqlite chooses SQLite
note: package shop gets a library, since its binaries share the seeds; move what your write handlers need there
{NEXT}"
        ),
    );
    assert_eq!(
        app.read("src/lib.rs"),
        "//! What the binaries of shop share.\n\npub mod seeds;\n"
    );
    assert_nothing_to_do(&app, "init", "shop");
}

#[test]
fn a_build_script_that_has_no_place_is_left_to_people() {
    let app = library();
    app.write("build.rs", "mod more;\npub use more::main;\n");
    let left = "\
left: build.rs has no fn main of its own; add this to what it runs:
    kumiko_seeds_build::compile(\"seeds\");
";
    let shown = app.command("init --yes").run();
    assert!(shown.contains(left), "{shown}");
    assert_eq!(app.read("build.rs"), "mod more;\npub use more::main;\n");
    assert_shows(
        &app.command("init --yes").run(),
        &format!("exit 0\n-- stderr\n{left}"),
    );
}

#[test]
fn a_member_uses_what_its_workspace_has() {
    let app = App::empty();
    app.write(
        "Cargo.toml",
        "\
[workspace]
resolver = \"3\"
members = [\"shop\", \"other\"]

[workspace.dependencies]
kumiko-seeds = \"0.1\"
sqlx = { version = \"0.9\", features = [\"sqlite\"] }
",
    );
    for name in ["shop", "other"] {
        let manifest = MANIFEST.replace("shop", name);
        let manifest = format!("{manifest}sqlx.workspace = true\n");
        app.write(&format!("{name}/Cargo.toml"), &manifest);
        app.write(&format!("{name}/src/lib.rs"), "");
    }
    assert_shows(
        &app.command("init").run(),
        "\
exit 2
-- stderr
error: this workspace has several packages: other, shop
help: name the one that is to get seeds:
    cargo kumiko-ops init -p other
    cargo kumiko-ops init -p shop
",
    );
    app.write("shop/.env", "DATABASE_URL=sqlite:shop.db\n");
    assert_shows(
        &app.command("init -p shop --yes").run(),
        "\
exit 0
-- stdout
changed shop/Cargo.toml: kumiko-seeds with cli and sqlite, kumiko-seeds-build
changed shop/src/lib.rs: pub mod seeds;
created shop/build.rs
created shop/seeds/.gitkeep
created shop/src/bin/shop-ops.rs
created shop/src/seeds.rs
-- stderr
note: seeds run on SQLite, as the features of sqlx say
next: register your write handlers in shop/src/seeds.rs, and apply the seeds where the app starts, with its sqlx pool:
    shop::seeds::seeds().apply(&pool).await?;
next: create a seed, write it, and apply it
    cargo kumiko-ops seed:new first-change -p shop
    cargo kumiko-ops seed:apply -p shop
    cargo kumiko-ops seed:status -p shop
",
    );
    assert_eq!(
        app.read("shop/Cargo.toml"),
        format!(
            "{MANIFEST}kumiko-seeds = {{ workspace = true, features = [\"cli\", \"sqlite\"] }}
sqlx.workspace = true

[build-dependencies]
kumiko-seeds-build = \"0.1.0\"
"
        )
    );
    assert_nothing_to_do(&app, "init --manifest-path shop/Cargo.toml", "shop");
    assert_eq!(app.read("other/src/lib.rs"), "");
}

#[test]
fn what_an_app_has_already_stays() {
    let app = App::example("init-example");
    assert_nothing_to_do(&app, "init --yes", "init-example");

    app.remove("src/bin/admin-roles-ops.rs");
    app.edit("Cargo.toml", "\"events\", \"cli\"", "\"events\"");
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds now with cli
created src/bin/init-example-ops.rs
-- stderr
"
        ),
        "{shown}"
    );
    let source = app.read("src/bin/init-example-ops.rs");
    assert!(source.contains("main(admin_roles::seeds())"), "{source}");
    assert_nothing_to_do(&app, "init", "init-example");
}

#[test]
fn a_file_that_is_not_its_own_is_never_replaced() {
    let app = library();
    app.write("src/seeds.rs", "//! Of plants.\n");
    let before = files(&app);
    assert_shows(
        &app.command("init --yes").run(),
        "\
exit 2
-- stderr
error: src/seeds.rs exists, is not a part of the package's seeds, and is left as it is
help: move it away or rename it, and run this again; nothing was changed
",
    );
    assert_eq!(files(&app), before);

    app.write("src/lib.rs", "mod a {\n    fn b( {}\n}\n");
    app.remove("src/seeds.rs");
    assert_shows(
        &app.command("init --yes").run(),
        "\
exit 2
-- stderr
error: src/lib.rs cannot be parsed
caused by: cannot parse string into token stream
help: correct line 3 and run this again
",
    );
    app.write("src/lib.rs", "pub mod seeds {}\n");
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 2
-- stderr
error: src/lib.rs has a module seeds that does not bring in the seeds
help: put this into it, or into another module of the library, and run this again:
    //! The app's seeds: dated"
        ),
        "{shown}"
    );
    assert!(!app.path("build.rs").exists());
}

#[test]
fn a_binary_that_is_named_like_an_ops_binary_is_told_from_one() {
    let app = App::empty();
    app.write("Cargo.toml", &MANIFEST.replace("shop", "dev-ops"));
    app.write("src/main.rs", "fn main() {}\n");
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with cli and postgres, kumiko-seeds-build, default-run dev-ops, ops binary dev-ops-ops
"
        ),
        "{shown}"
    );
    assert!(
        app.read("Cargo.toml")
            .contains("[package.metadata.kumiko-ops]\nbin = \"dev-ops-ops\"\n")
    );
    assert_nothing_to_do(&app, "init", "dev-ops");
}

#[test]
fn a_library_may_be_anywhere_and_binaries_may_be_listed() {
    let app = App::empty();
    let lists = "autobins = false\n\n[lib]\npath = \"shop.rs\"\n\n[dependencies]\n";
    let manifest = MANIFEST.replace("\n[dependencies]\n", lists);
    app.write("Cargo.toml", &manifest);
    app.write("shop.rs", "");
    // What an earlier build has left is no part of the package.
    app.write("target/CACHEDIR.TAG", "");
    app.write(
        "target/debug/seeds.rs",
        "kumiko_seeds::sqlite::include_seeds!();",
    );
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with cli and postgres, kumiko-seeds-build, binary shop-ops
changed shop.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created seeds.rs
"
        ),
        "{shown}"
    );
    let binary = "\n[[bin]]\nname = \"shop-ops\"\npath = \"src/bin/shop-ops.rs\"\n";
    assert!(app.read("Cargo.toml").ends_with(binary));
    assert_nothing_to_do(&app, "init", "shop");
}

#[test]
fn a_path_that_is_no_checkout_is_refused() {
    let app = library();
    assert_shows(
        &app.command("init --yes --path src").run(),
        "\
exit 2
-- stderr
error: src is no checkout of Kumiko seeds: it has no kumiko-seeds and kumiko-seeds-build
help: --path is the folder with both: --path <checkout>
",
    );
}

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
changed Cargo.toml: kumiko-seeds with cli and sqlite, kumiko-seeds-build, default-run init-journey
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
next: create a seed, write it, and apply it
    export DATABASE_URL=sqlite:init-journey.db
    cargo kumiko-ops seed:new first-change
    cargo kumiko-ops seed:apply
    cargo kumiko-ops seed:status
",
    );
    let seed = app.command("seed:new first-change").stdout();
    let text = app.read(seed.trim());
    let (start, _) = text.split_once("    // A seed runs").unwrap();
    let body = "    ctx.db().await?;\n    Ok(())\n}\n";
    app.write(seed.trim(), &format!("{start}{body}"));

    let run = |line: &str| {
        let call = app.command(line);
        call.variable("DATABASE_URL", "sqlite:init-journey.db")
            .run()
    };
    assert_shows(
        &run("seed:apply"),
        "\
exit 0
-- stdout
1 applied
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
    let shown = app.call(["init", "--yes", "--path", &checkout]).run();
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
