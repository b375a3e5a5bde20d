//! The table `[package.metadata.kumiko-ops]` of a Cargo.toml.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::Package;
use kumiko_seeds::App;
use kumiko_seeds_cli::Failure;
use serde::Deserialize;

/// What a package says about its seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// The name of the app, where it shares its database with others.
    pub(crate) app: Option<String>,
    /// The environments that there are. The build library reads them itself, from the Cargo.toml that is nearest to the seeds.
    #[serde(default)]
    pub(crate) environments: Vec<String>,
    /// The database, where nothing nearer names one. A relative SQLite path starts at the package.
    pub(crate) database_url: Option<String>,
    /// The bin target that applies seeds, where its name does not tell.
    pub(crate) bin: Option<String>,
    /// The folder of seeds, from the package's folder, if it is not `seeds`.
    pub(crate) seeds: Option<PathBuf>,
    /// Files for `seed:new` to start from, by name, from the package's folder. `default` stands in the
    /// place of the one that the subcommand brings along.
    #[serde(default)]
    pub(crate) templates: BTreeMap<String, PathBuf>,
}

impl Settings {
    /// The settings of a package; the defaults if it has none.
    pub(crate) fn of(package: &Package) -> Result<Self, Failure> {
        let Some(table) = package.metadata.get("kumiko-ops") else {
            return Ok(Self::default());
        };
        let unreadable = || {
            Failure::new(format!(
                "[package.metadata.kumiko-ops] in {} cannot be read",
                package.manifest_path
            ))
        };
        let settings = Self::deserialize(table).map_err(|error| {
            unreadable().caused_by(&error).help(
                "it knows app = \"…\", environments = […], database-url = \"…\", bin = \"…\", seeds = \"…\" and templates.<name> = \"…\"",
            )
        })?;
        let checked = settings.app().check();
        checked.map_err(|error| unreadable().caused_by(&error))?;
        Ok(settings)
    }

    /// Whose seeds the package has.
    pub(crate) fn app(&self) -> App {
        self.app.clone().map_or_else(App::default, App::named)
    }
}
