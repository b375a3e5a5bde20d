//! Builds a bin target with Cargo.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::Message;
use kumiko_seeds_cli::{Failure, color_arguments};

use super::arguments::BuildArguments;
use super::surroundings::without_package;
use crate::package::Member;

/// Builds the bin target and gives the path of the program. What Cargo and the compiler print goes to
/// stderr, as it does with `cargo build`. Cargo and the build scripts get `variable` beside the environment.
pub(super) fn build(
    member: &Member,
    bin: &str,
    arguments: &BuildArguments,
    variable: Option<(&str, String)>,
) -> Result<PathBuf, Failure> {
    let failure = || Failure::new(format!("could not build the ops binary {bin}"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut process = without_package(&mut Command::new(&cargo))
        .arg("build")
        .arg("--manifest-path")
        .arg(member.manifest())
        .args(["--package", member.name(), "--bin", bin])
        .arg("--message-format=json-render-diagnostics")
        .args(arguments.words())
        .args(color_arguments())
        .envs(variable)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            failure()
                .caused_by(&error)
                .help("is cargo installed and in PATH?")
        })?;
    let mut program = None;
    if let Some(messages) = process.stdout.take() {
        for message in Message::parse_stream(BufReader::new(messages)) {
            match message {
                Ok(Message::CompilerArtifact(artifact))
                    if artifact.target.is_bin()
                        && artifact.target.name == bin
                        && artifact.package_id == member.package.id =>
                {
                    program = artifact.executable.or(program);
                }
                Ok(_) => {}
                // Cargo is still waited for, and if it succeeds the program is missed below.
                Err(_) => break,
            }
        }
    }
    let status = process
        .wait()
        .map_err(|error| failure().caused_by(&error))?;
    if !status.success() {
        return Err(
            failure().help("correct what stands above and run this again; no seed was applied")
        );
    }
    program.map(PathBuf::from).ok_or_else(|| {
        failure().help(format!(
            "cargo did not say where the program is; does this build it?\n    \
             cargo build --manifest-path {} --bin {bin}",
            member.manifest().display()
        ))
    })
}
