//! The checkout that `--path` names.

use std::path::{Path, PathBuf};

use kumiko_seeds_cli::Failure;

use crate::package::{BUILD_LIBRARY, COMMAND_LIBRARY, LIBRARY, Member};
use crate::shown::shown_path;

/// A checkout with the libraries in it.
pub(super) struct Checkout {
    root: PathBuf,
    package: PathBuf,
}

impl Checkout {
    /// Fails if it has not got the libraries.
    pub(super) fn find(given: &Path, member: &Member) -> Result<Self, Failure> {
        let lacks = |library: &str| {
            let given = given.display();
            Failure::new(format!(
                "{given} is no checkout of Kumiko seeds: it has no {library}"
            ))
            .help("--path is the folder with the libraries: --path <checkout>")
        };
        let real = |path: &Path| {
            path.canonicalize()
                .map_err(|error| lacks(LIBRARY).caused_by(&error))
        };
        let (root, package) = (real(given)?, real(member.folder())?);
        let is_there = |library: &str| root.join(library).join("Cargo.toml").is_file();
        let mut libraries = [LIBRARY, BUILD_LIBRARY, COMMAND_LIBRARY].into_iter();
        match libraries.find(|library| !is_there(library)) {
            Some(library) => Err(lacks(library)),
            None => Ok(Self { root, package }),
        }
    }

    /// Whether this path is that of the library in the checkout.
    pub(super) fn has_at(&self, name: &str, path: &Path) -> bool {
        path.canonicalize()
            .is_ok_and(|path| path == self.root.join(name))
    }

    /// The path of a library as Cargo.toml has it: from the package where that is shorter.
    pub(super) fn library(&self, name: &str) -> String {
        let path = shown_path(&self.root.join(name), &self.package);
        let path = path.display().to_string();
        // Cargo reads this on every system.
        if cfg!(windows) {
            path.replace('\\', "/")
        } else {
            path
        }
    }
}
