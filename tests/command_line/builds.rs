//! What is built, where, and how often: builds that differ in nothing but who started them are one build.

use std::fs;
use std::process::Output;

use crate::app::App;
use crate::program::{program, target};

/// As `cargo run` and `cargo test` describe the package whose program they run.
const ANOTHER_PACKAGE: [(&str, &str); 4] = [
    ("CARGO_MANIFEST_DIR", "/another/package"),
    ("CARGO_MANIFEST_PATH", "/another/package/Cargo.toml"),
    ("CARGO_PKG_NAME", "another-package"),
    ("OUT_DIR", "/another/package/out"),
];

#[test]
fn a_build_does_not_depend_on_the_cargo_that_started_it() {
    let app = App::example("started-by-cargo");
    // The build scripts of ring and others ask for these, and so run again when they change.
    let watch = ANOTHER_PACKAGE
        .map(|(name, _)| format!("    println!(\"cargo:rerun-if-env-changed={name}\");\n"))
        .concat();
    app.edit(
        "build.rs",
        "fn main() {\n",
        &format!("fn main() {{\n{watch}"),
    );
    app.build_ops_binary();
    assert_compiles_nothing(&app.command("seed:verify").output());
    let call = app.command("seed:verify");
    let call = ANOTHER_PACKAGE
        .iter()
        .fold(call, |call, (name, value)| call.variable(name, value));
    assert_compiles_nothing(&call.output());
}

/// The commands are compiled with their crate, and not with each edit of a seed again. Otherwise this has megabytes.
#[test]
fn an_ops_binary_has_next_to_no_code_of_its_own() {
    const MOST_BYTES: u64 = 100_000;
    let app = App::example("without-code");
    app.paste("cargo rustc --quiet --bin admin-roles-ops -- -C codegen-units=1 --emit=obj");
    let folder = target().join("debug/deps");
    let objects = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let objects = objects.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Those of a build beside this one have more points.
        name.starts_with("admin_roles_ops-")
            && name.ends_with(".o")
            && name.matches('.').count() == 1
    });
    let sizes = objects.map(|path| {
        let size = fs::metadata(&path).unwrap().len();
        fs::remove_file(path).unwrap();
        size
    });
    let sizes: Vec<_> = sizes.collect();
    assert!(!sizes.is_empty());
    assert!(sizes.iter().all(|size| *size < MOST_BYTES), "{sizes:?}");
}

#[test]
fn tests_build_nothing_into_the_folder_that_they_run_from() {
    assert!(program().starts_with(target()), "{}", program().display());
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    assert!(!target().starts_with(profile), "{}", target().display());
}

#[track_caller]
fn assert_compiles_nothing(output: &Output) {
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}");
    assert!(!shown.contains("Compiling"), "{shown}");
}
