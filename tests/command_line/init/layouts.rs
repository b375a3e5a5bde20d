//! Packages of every layout.

use super::{MANIFEST, NEXT, assert_nothing_to_do, library};
use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn a_library_gets_all_it_needs() {
    let app = library();
    assert_shows(
        &app.command("kumiko-ops init --yes").run(),
        &format!(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with postgres, kumiko-seeds-cli, kumiko-seeds-build
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
            "{MANIFEST}kumiko-seeds = {{ version = \"0.1.0\", features = [\"postgres\"] }}
kumiko-seeds-cli = \"0.1.0\"

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
changed Cargo.toml: kumiko-seeds with postgres, kumiko-seeds-cli, kumiko-seeds-build, default-run shop
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
changed shop/Cargo.toml: kumiko-seeds with sqlite, kumiko-seeds-cli, kumiko-seeds-build
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
    cargo kumiko-ops seed:status -p shop
    cargo kumiko-ops seed:apply -p shop
",
    );
    assert_eq!(
        app.read("shop/Cargo.toml"),
        format!(
            "{MANIFEST}kumiko-seeds = {{ workspace = true, features = [\"sqlite\"] }}
kumiko-seeds-cli = \"0.1.0\"
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
changed Cargo.toml: kumiko-seeds with postgres, kumiko-seeds-cli, kumiko-seeds-build, binary shop-ops
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
