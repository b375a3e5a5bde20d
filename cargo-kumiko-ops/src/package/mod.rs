//! The package whose seeds a command works on.

mod arguments;
mod choice;
mod crate_name;
mod database;
mod features;
mod member;
mod metadata;
mod settings;
mod sqlx;

use std::path::{Path, PathBuf};

use kumiko_seeds_cli::Failure;

pub(crate) use arguments::PackageArguments;
pub(crate) use crate_name::{crate_name, unnameable};
pub(crate) use database::{Database, Featured};
pub(crate) use features::key;
pub(crate) use member::{
    BUILD_LIBRARY, COMMAND_LIBRARY, CQRS_ES, CQRS_ES_LIBRARY, LIBRARY, Member, Writes,
};
pub(crate) use sqlx::{BESIDE_ANOTHER, Sqlx};

/// Finds the package: the named one, that of the current folder, or the one of the workspace that has
/// seeds.
///
/// `command` is what the user typed up to the arguments about the package, for messages.
pub(crate) fn find(
    arguments: &PackageArguments,
    current: &Path,
    command: &str,
) -> Result<Member, Failure> {
    find_by(choice::by_place, arguments, current, command)
}

/// Finds the package that is to get seeds: the named one, that of the current folder, or the only one
/// of the workspace.
pub(crate) fn find_any(
    arguments: &PackageArguments,
    current: &Path,
    command: &str,
) -> Result<Member, Failure> {
    find_by(choice::any_by_place, arguments, current, command)
}

/// How to choose where no package is named: among these, by this Cargo.toml; the command is for messages.
type ByPlace = fn(Vec<Member>, &Path, &str) -> Result<Member, Failure>;

fn find_by(
    by_place: ByPlace,
    arguments: &PackageArguments,
    current: &Path,
    command: &str,
) -> Result<Member, Failure> {
    let (members, manifest) = members(arguments, current)?;
    if let Some(name) = &arguments.package {
        return choice::by_name(members, name);
    }
    let command = format!("{command}{}", arguments.repeated());
    by_place(members, &manifest, &command)
}

/// The packages of the workspace, and the Cargo.toml that it was found by.
fn members(
    arguments: &PackageArguments,
    current: &Path,
) -> Result<(Vec<Member>, PathBuf), Failure> {
    let manifest = metadata::manifest(arguments.manifest_path.as_deref(), current)?;
    let metadata = metadata::read(&manifest)?;
    let root = metadata.workspace_root.as_std_path();
    let members = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| Member::of(package, root))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((members, manifest))
}

/// The current folder, which paths are shown from and packages looked for from.
pub(crate) fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::new("the current folder cannot be found")
            .caused_by(&error)
            .help("cd into a folder that exists")
    })
}
