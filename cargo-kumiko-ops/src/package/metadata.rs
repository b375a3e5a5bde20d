//! What Cargo says about the packages around here.

use std::path::{Path, PathBuf};

use cargo_metadata::{Error, Metadata, MetadataCommand};
use kumiko_seeds_cli::Failure;

/// The packages of the workspace that `manifest` belongs to. Needs no network.
pub(super) fn read(manifest: &Path) -> Result<Metadata, Failure> {
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .map_err(|error| {
            let failure = Failure::new(format!("could not read {}", manifest.display()));
            match error {
                Error::CargoMetadata { stderr } => {
                    let mut failure = failure.help("cargo metadata --no-deps --format-version 1");
                    let reason = stderr.trim().trim_start_matches("error: ");
                    failure.causes.push(reason.to_owned());
                    failure
                }
                error => failure
                    .caused_by(&error)
                    .help("is cargo installed and in PATH?"),
            }
        })
}

/// The full path of the Cargo.toml that was given, or of the nearest one from `current` upwards.
pub(super) fn manifest(given: Option<&Path>, current: &Path) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        let failure = || Failure::new(format!("there is no Cargo.toml at {}", given.display()));
        let help = "--manifest-path is the path of the file: --manifest-path <folder>/Cargo.toml";
        if given.file_name().is_none_or(|name| name != "Cargo.toml") {
            return Err(failure().help(help));
        }
        return given
            .canonicalize()
            .map_err(|error| failure().caused_by(&error).help(help));
    }
    let found = current
        .ancestors()
        .map(|folder| folder.join("Cargo.toml"))
        .find(|manifest| manifest.is_file());
    found.ok_or_else(|| {
        Failure::new(format!(
            "there is no Cargo.toml in {} or a folder above it",
            current.display()
        ))
        .help("go to the folder of your app, or name it with --manifest-path <folder>/Cargo.toml")
    })
}
