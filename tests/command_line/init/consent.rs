//! When files that exist change, and what is shown before.

use std::process::Command;

use super::{assert_nothing_to_do, files, library};
use crate::app::App;
use crate::transcript::assert_shows;

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
note: would change Cargo.toml: kumiko-seeds with sqlite, kumiko-seeds-cli, kumiko-seeds-build
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
