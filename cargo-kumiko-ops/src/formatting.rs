//! Whether seeds are formatted. `cargo fmt` does not find them, since a macro brings them in.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kumiko_seeds_cli::{Exit, Failure, shell_word};

use crate::package::Member;
use crate::seed_files::seed_files;
use crate::shown::indented;

/// Fails if rustfmt would change a seed. The edition and the settings are those of the package.
pub(crate) fn check(member: &Member, current: &Path) -> Result<(), Failure> {
    let seeds = seed_files(member, current)?.into_iter();
    let with_file = seeds.filter(|seed| seed.retired.is_none());
    let files: Vec<PathBuf> = with_file.map(|seed| seed.path).collect();
    if files.is_empty() {
        return Ok(());
    }
    let edition = member.package.edition.as_str();
    let output = would_change(edition, &files)?;
    if output.status.success() {
        return Ok(());
    }
    let named = String::from_utf8_lossy(&output.stdout);
    if named.trim().is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = indented("  ", said.trim());
        return Err(
            Failure::new(format!("rustfmt could not look at seeds:\n{said}")).help(INSTALL),
        );
    }
    let named: Vec<String> = named.lines().map(|file| shown(file, current)).collect();
    let mut failure = Failure::new(format!(
        "seeds are not formatted:\n{}",
        indented("  ", &named.join("\n"))
    ))
    .help(format!(
        "format them:\n    rustfmt --edition {edition} {}",
        named
            .iter()
            .map(|file| shell_word(file))
            .collect::<Vec<_>>()
            .join(" ")
    ));
    failure.exit = Exit::NotApplied;
    Err(failure)
}

const INSTALL: &str = "if it is not installed:\n    rustup component add rustfmt";

fn would_change(edition: &str, files: &[PathBuf]) -> Result<Output, Failure> {
    let rustfmt = env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut command = Command::new(rustfmt);
    command
        .args(["--check", "-l", "--edition", edition])
        .args(files);
    command.output().map_err(|error| {
        Failure::new("could not start rustfmt")
            .caused_by(&error)
            .help(INSTALL)
    })
}

/// rustfmt names files by their whole paths.
fn shown(file: &str, current: &Path) -> String {
    let file = Path::new(file);
    file.strip_prefix(current)
        .unwrap_or(file)
        .display()
        .to_string()
}
