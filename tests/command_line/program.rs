//! The program under test.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

pub(crate) use kumiko_seeds_testing::cargo;

/// The program, built from this checkout with the features it is published with.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

/// The folder of this checkout.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folder that tests build into. It is not the one that they run from: what a running `cargo test` has
/// built must stay as it is.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-line-target")
}

/// What keeps builds alike and their output free of what differs from machine to machine.
pub(crate) fn settings() -> [(&'static str, OsString); 6] {
    [
        ("CARGO_TARGET_DIR", target().into()),
        ("CARGO_NET_OFFLINE", "true".into()),
        ("CARGO_TERM_COLOR", "never".into()),
        ("CARGO_INCREMENTAL", "0".into()),
        ("CARGO_PROFILE_DEV_DEBUG", "0".into()),
        ("RUST_BACKTRACE", "0".into()),
    ]
}

fn build() -> PathBuf {
    let output = cargo()
        .args(["build", "--locked", "--package", "cargo-kumiko-ops"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .envs(settings())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo-kumiko-ops does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let program = messages
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|message| message["target"]["name"] == "cargo-kumiko-ops")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.expect("cargo has not said where the program is")
}
