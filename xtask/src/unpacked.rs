//! What Cargo keeps of packages it has checked together.

use std::path::PathBuf;
use std::{env, fs};

/// Where packages are built, apart from everything else.
const BUILT: &str = "target/packages";

/// Removes what Cargo built of this workspace's packages, and their unpacked copies in Cargo's home.
///
/// `cargo package` finds packages that depend on one another through a registry of its own, and takes
/// what comes from a registry for unchanging: it unpacks and builds it once for a name, a version and a
/// place. Without this a second check in the same folder would be one of the first one's packages.
pub(crate) fn remove() {
    // It may not be there, and if it stays, Cargo says what is wrong with it.
    drop(fs::remove_dir_all(BUILT));
    let Some(unpacked) = cargo_home().map(|home| home.join("registry/src")) else {
        return;
    };
    let registries = folders_in(unpacked).into_iter().filter(|registry| {
        // The registry of `cargo package` is a folder, and so has no host before the hyphen.
        name(registry).starts_with('-')
    });
    for package in registries.flat_map(folders_in) {
        let name = name(&package);
        if name.starts_with("kumiko-") || name.starts_with("cargo-kumiko-") {
            // Whatever cannot be removed was not put there by this user's Cargo.
            drop(fs::remove_dir_all(package));
        }
    }
}

fn cargo_home() -> Option<PathBuf> {
    let default = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(default)
}

fn folders_in(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn name(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
