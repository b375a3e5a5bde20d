//! What is there already: kept, used, told apart or refused.

use super::{MANIFEST, assert_nothing_to_do, files, library};
use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn what_an_app_has_already_stays() {
    let app = App::example("init-example");
    assert_nothing_to_do(&app, "init --yes", "init-example");

    app.remove("src/bin/admin-roles-ops.rs");
    app.edit(
        "Cargo.toml",
        "kumiko-seeds-cli = { workspace = true, features = [\"events\"] }\n",
        "",
    );
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds-cli with events
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

/// Rust would find two files for one module.
#[test]
fn the_other_file_of_the_module_is_in_the_way_too() {
    for start in ["src/lib.rs", "src/main.rs"] {
        let app = App::empty();
        app.write("Cargo.toml", MANIFEST);
        app.write(start, "fn main() {}\n");
        app.write("src/seeds/mod.rs", "//! Of plants.\n");
        let before = files(&app);
        for line in ["init --yes", "init --dry-run"] {
            assert_shows(
                &app.command(line).run(),
                "\
exit 2
-- stderr
error: src/seeds/mod.rs exists, is not a part of the package's seeds, and is left as it is
help: move it away or rename it, and run this again; nothing was changed
",
            );
            assert_eq!(files(&app), before);
        }
    }
    // One that brings in the seeds is the module.
    let app = library();
    app.write(
        "src/seeds/mod.rs",
        "kumiko_seeds::sqlite::include_seeds!();\npub fn seeds() -> R { R }\n",
    );
    let shown = app.command("init --yes").run();
    assert!(
        shown.starts_with(
            "\
exit 0
-- stdout
changed Cargo.toml: kumiko-seeds with sqlite, kumiko-seeds-cli, kumiko-seeds-build
changed src/lib.rs: pub mod seeds;
created build.rs
created seeds/.gitkeep
created src/bin/shop-ops.rs
-- stderr
note: seeds run on SQLite, as src/seeds/mod.rs says
"
        ),
        "{shown}"
    );
    assert!(
        app.read("src/bin/shop-ops.rs")
            .contains("main(shop::seeds::seeds())")
    );
    assert_nothing_to_do(&app, "init", "shop");
}

#[test]
fn what_no_build_accepts_in_the_folder_of_seeds_is_refused() {
    let app = library();
    app.write("seeds/old_script.rs", "fn main() {}\n");
    app.write("seeds/2026-02-30-fix.rs", "");
    let before = files(&app);
    assert_shows(
        &app.command("init --yes").run(),
        "\
exit 2
-- stderr
error: seeds has what no build with seeds accepts; nothing was changed:
  seeds/2026-02-30-fix.rs: there is no date 2026-02-30; rename it to YYYY-MM-DD-fix.rs, or let its name start with _ if it is no seed
  seeds/old_script.rs: the name does not start with a date written YYYY-MM-DD; rename it to YYYY-MM-DD-old-script.rs, or let its name start with _ if it is no seed
help: correct this and run it again; or have the seeds in another folder, which Cargo.toml names:
    [package.metadata.kumiko-ops]
    seeds = \"data-seeds\"
",
    );
    assert_eq!(files(&app), before);
    // Another folder is for seeds, and this one is left alone.
    app.edit(
        "Cargo.toml",
        "[dependencies]",
        "[package.metadata.kumiko-ops]\nseeds = \"data-seeds\"\n\n[dependencies]",
    );
    let shown = app.command("init --yes").run();
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert_nothing_to_do(&app, "init", "shop");
    assert_eq!(app.read("seeds/old_script.rs"), "fn main() {}\n");
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
changed Cargo.toml: kumiko-seeds with postgres, kumiko-seeds-cli, kumiko-seeds-build, default-run dev-ops, ops binary dev-ops-ops
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
fn a_path_that_is_no_checkout_is_refused() {
    let app = library();
    assert_shows(
        &app.command("init --yes --path src").run(),
        "\
exit 2
-- stderr
error: src is no checkout of Kumiko seeds: it has no kumiko-seeds
help: --path is the folder with the libraries: --path <checkout>
",
    );
}
