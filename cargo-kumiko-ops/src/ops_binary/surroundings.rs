//! What this process was told by the Cargo that runs it, if one does.

use std::process::Command;

/// What `cargo run` and `cargo test` tell a program about the package it is of: the beginnings of names.
const OF_A_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "OUT_DIR"];

/// Keeps a command from what this process was told about its own package, which is not the app.
///
/// To the build scripts of some dependencies these variables are inputs: with them Cargo would build what
/// is above those dependencies anew, and so would the next `cargo build` without them. An app that looks
/// for its files in `CARGO_MANIFEST_DIR` would find another package's.
pub(super) fn without_package(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_A_PACKAGE.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}
