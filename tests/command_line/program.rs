//! The program under test.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
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
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let target = folder.join("command-line-target");
        if !target.exists() && std::env::var_os(DEBUG.0).is_some_and(|debug| debug == DEBUG.1) {
            let (from, to) = (folder.with_file_name("debug"), target.join("debug"));
            for part in [".fingerprint", "build", "deps"] {
                // What cannot be copied, because Cargo is at work there, is built.
                drop(copy_built(&from.join(part), &to.join(part)));
            }
        }
        target
    });
    target.clone()
}

/// Copies what Cargo has built, so that it builds crates of others once where their settings are the same. Cargo looks at the times
/// of files. Tests, which are as large as all else, end in no dot.
fn copy_built(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_built(&path, &to)?;
        } else if path.extension().is_some() || !from.ends_with("deps") {
            fs::copy(&path, &to)?;
            let written = fs::metadata(&path)?.modified()?;
            File::options()
                .write(true)
                .open(&to)?
                .set_modified(written)?;
        }
    }
    Ok(())
}

/// Without what only a debugger needs.
const DEBUG: (&str, &str) = ("CARGO_PROFILE_DEV_DEBUG", "0");

/// What keeps builds alike and their output free of what differs from machine to machine.
pub(crate) fn settings() -> [(&'static str, OsString); 6] {
    [
        ("CARGO_TARGET_DIR", target().into()),
        ("CARGO_NET_OFFLINE", "true".into()),
        ("CARGO_TERM_COLOR", "never".into()),
        ("CARGO_INCREMENTAL", "0".into()),
        (DEBUG.0, DEBUG.1.into()),
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
