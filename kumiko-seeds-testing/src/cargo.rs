//! Cargo, started by a program that Cargo runs.

use std::env;
use std::process::Command;

/// What Cargo tells the programs that it runs about the package they are of: the beginnings of names.
const OF_A_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "OUT_DIR"];

/// Cargo, as a person would start it in a terminal.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_package(&mut command);
    command
}

/// Keeps a command from what Cargo tells this program about its own package.
///
/// To the build scripts of some dependencies these variables are inputs. A Cargo that had them would build
/// what is above those dependencies anew, and so would the next Cargo without them.
pub fn without_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OF_A_PACKAGE.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}
