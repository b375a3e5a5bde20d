//! A package of the workspace, as far as seeds are concerned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, Package};
use kumiko_seeds_cli::Failure;

use super::crate_name::crate_name;
use super::database::{Database, Featured};
use super::features::{enabled, key};
use super::settings::Settings;

/// The library that seeds are written with.
pub(crate) const LIBRARY: &str = "kumiko-seeds";

/// The library that compiles seeds in.
pub(crate) const BUILD_LIBRARY: &str = "kumiko-seeds-build";

/// The library with the commands of an ops binary.
pub(crate) const COMMAND_LIBRARY: &str = "kumiko-seeds-cli";

/// The feature of the library that is its write side.
const EVENTS: &str = "events";

/// The library with which seeds execute commands of an app on [`CQRS_ES`].
pub(crate) const CQRS_ES_LIBRARY: &str = "kumiko-seeds-cqrs-es";

/// A library of aggregates and commands, on which an app may live.
pub(crate) const CQRS_ES: &str = "cqrs-es";

/// A package of the workspace, and what it says about its seeds.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) package: Package,
    pub(crate) settings: Settings,
    pub(crate) workspace_root: PathBuf,
    has_seeds_folder: bool,
}

impl Member {
    /// Looks at a package; fails if its settings cannot be read.
    pub(super) fn of(package: &Package, workspace_root: &Path) -> Result<Self, Failure> {
        let mut member = Self {
            settings: Settings::of(package)?,
            package: package.clone(),
            workspace_root: workspace_root.to_owned(),
            has_seeds_folder: false,
        };
        member.has_seeds_folder = member.seeds_folder().is_dir();
        Ok(member)
    }

    pub(crate) fn name(&self) -> &str {
        self.package.name.as_str()
    }

    pub(crate) fn manifest(&self) -> &Path {
        self.package.manifest_path.as_std_path()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.manifest().parent().unwrap_or(Path::new(""))
    }

    /// Where the seeds are, or would be.
    pub(crate) fn seeds_folder(&self) -> PathBuf {
        let named = self.settings.seeds.as_deref();
        self.folder().join(named.unwrap_or(Path::new("seeds")))
    }

    /// The dependency on the library that seeds are written with.
    pub(crate) fn library(&self) -> Option<&Dependency> {
        self.dependency(LIBRARY, DependencyKind::Normal)
    }

    /// The dependency on the library with the commands of an ops binary.
    pub(crate) fn command_library(&self) -> Option<&Dependency> {
        self.dependency(COMMAND_LIBRARY, DependencyKind::Normal)
    }

    /// The dependency on the library with which seeds execute commands.
    pub(crate) fn cqrs_es_library(&self) -> Option<&Dependency> {
        self.dependency(CQRS_ES_LIBRARY, DependencyKind::Normal)
    }

    /// Whether the app has aggregates and commands of `cqrs-es`.
    pub(crate) fn is_on_cqrs_es(&self) -> bool {
        self.dependency(CQRS_ES, DependencyKind::Normal).is_some()
    }

    /// The library that seeds are written with, as Rust code of the package names it.
    pub(crate) fn library_in_code(&self) -> String {
        in_code(self.library().map_or(LIBRARY, key))
    }

    /// The library with the commands, as Rust code of the package names it.
    pub(crate) fn command_library_in_code(&self) -> String {
        in_code(self.command_library().map_or(COMMAND_LIBRARY, key))
    }

    /// What its seeds write: rows where the library is there without its write side.
    pub(crate) fn writes(&self) -> Writes {
        if self.cqrs_es_library().is_some() {
            return Writes::Commands;
        }
        let Some(library) = self.library() else {
            return Writes::Events;
        };
        if library.uses_default_features || self.features_of(library).contains(EVENTS) {
            Writes::Events
        } else {
            Writes::Rows
        }
    }

    /// The database that its seeds run on, as the features of the library say: PostgreSQL where they leave a choice.
    pub(crate) fn database(&self) -> Database {
        match self.library().map(|library| self.featured(library)) {
            Some(Featured::Only(database)) => database,
            Some(Featured::Both | Featured::Neither) | None => Database::Postgres,
        }
    }

    /// The database that a dependency is for.
    pub(crate) fn featured(&self, dependency: &Dependency) -> Featured {
        Featured::of(dependency, &self.package.features)
    }

    /// The features of a dependency that the package or any feature of it enables.
    pub(crate) fn features_of<'a>(&'a self, dependency: &'a Dependency) -> BTreeSet<&'a str> {
        let all = self.package.features.keys().map(String::as_str);
        enabled(all, dependency, &self.package.features)
    }

    /// The dependency on the library that compiles seeds in.
    pub(crate) fn build_library(&self) -> Option<&Dependency> {
        self.dependency(BUILD_LIBRARY, DependencyKind::Build)
    }

    /// Whether the build script can compile seeds in.
    pub(crate) fn compiles_seeds(&self) -> bool {
        self.build_library().is_some()
    }

    /// How likely it is that this package is the app: it uses the library and has seeds, or does one
    /// of the two. A package that only shares handlers with an app uses the library, too.
    pub(super) fn likelihood(&self) -> Likelihood {
        let carries = self.has_seeds_folder || self.compiles_seeds();
        match (self.library().is_some(), carries) {
            (true, true) => Likelihood::UsesLibraryAndHasSeeds,
            (true, false) => Likelihood::UsesLibrary,
            (false, true) => Likelihood::HasSeeds,
            (false, false) => Likelihood::None,
        }
    }

    fn dependency(&self, name: &str, kind: DependencyKind) -> Option<&Dependency> {
        let mut dependencies = self.package.dependencies.iter();
        dependencies.find(|dependency| dependency.name == name && dependency.kind == kind)
    }
}

fn in_code(library: &str) -> String {
    crate_name(library).unwrap_or_else(|| library.replace('-', "_"))
}

/// What the seeds of a package write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Events, through the app's write handlers.
    Events,
    /// Events, through commands of the app's aggregates.
    Commands,
    /// Rows, in an app without an event store.
    Rows,
}

/// How likely it is that a package is an app with seeds, the least likely first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likelihood {
    None,
    HasSeeds,
    UsesLibrary,
    UsesLibraryAndHasSeeds,
}
