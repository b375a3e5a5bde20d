//! The seeds of an app as a command knows them. Pure.

use kumiko_seeds::{
    App, Backend, Environment, HandlerCall, Seed, SeedInfo, SeedRunner, SeedStatus, Status,
};
use serde::Serialize;

use crate::failure::Failure;
use crate::operation_id::{Rebuild, is_operation, is_rebuild};
use crate::seed_choice::find_seed;

/// The seeds of an app: those that are compiled into its ops binary, or those that its files have.
#[derive(Clone, Debug, Default)]
pub struct AppSeeds {
    /// Whose seeds they are.
    pub app: App,
    /// The seeds.
    pub seeds: Vec<SeedSource>,
    /// Where the app runs.
    pub environment: Environment,
    /// Why there are more that could not be read, if there are.
    pub unreadable: Option<Failure>,
}

/// A seed as its source has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SeedSource {
    /// The seed.
    #[serde(skip)]
    pub id: String,
    /// What it does.
    #[serde(skip)]
    pub description: String,
    /// The path of its file, where there is one to look at.
    pub file: Option<String>,
    /// The environment variable that skips it; none if it does not say `SKIPPABLE`.
    pub skip_flag: Option<String>,
    /// The hash of its code.
    #[serde(skip)]
    pub source_hash: String,
    /// The hash of the text of its file.
    #[serde(skip)]
    pub text_hash: String,
    /// Whether it is left out of the boot.
    #[serde(skip)]
    pub background: bool,
    /// The seeds that have to be applied before it begins.
    #[serde(skip)]
    pub after: Vec<String>,
    /// The retired seeds in whose place it is.
    #[serde(skip)]
    pub replaces: Vec<String>,
    /// The last release that had it, if it is retired.
    #[serde(skip)]
    pub retired: Option<String>,
    /// The environments outside of which it does not run, if there are such.
    pub environments: Vec<String>,
    /// The environments that its package declares, if it does.
    #[serde(skip)]
    pub known_environments: Vec<String>,
    /// Why it is in order though seeds with later dates are applied, if it is.
    pub out_of_order: Option<String>,
    /// The version of the schema migration that it waits for, if it waits for one.
    pub after_migration: Option<i64>,
    /// The write handlers it calls by literal names.
    pub handler_calls: Vec<SourceCall>,
}

/// A call of a write handler in the source of a seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceCall {
    /// The qualified name of the handler.
    pub handler: String,
    /// The line of the call, counted from 1.
    pub line: usize,
    /// The roles that the call adds; none where the source does not tell.
    pub roles: Option<Vec<String>>,
}

impl AppSeeds {
    /// The seeds that an ops binary carries, and the rebuilds of the app's projections, which are steered as seeds are.
    pub(crate) fn of_runner<DB: Backend>(runner: &SeedRunner<DB>) -> Self {
        let seeds = runner.seeds().iter().chain(runner.operations());
        let seeds = seeds.map(SeedSource::of_compiled);
        Self {
            app: runner.whose().clone(),
            seeds: seeds.collect(),
            environment: runner.runs_in(),
            unreadable: None,
        }
    }

    /// What the library compares with a database.
    pub fn infos(&self) -> impl Iterator<Item = SeedInfo<'_>> + Clone {
        self.seeds.iter().map(SeedSource::info)
    }

    /// The seed of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&SeedSource> {
        self.seeds.iter().find(|seed| seed.id == id)
    }

    /// What the app has of what this id is of: the seed, or the rebuild to its version of a projection.
    pub(crate) fn source_of(&self, id: &str) -> Option<&SeedSource> {
        match Rebuild::of(id) {
            None | Some(Rebuild::Version { .. }) => self.get(id),
            Some(Rebuild::OnceMore {
                projection,
                version,
            }) => {
                let (own, source) = self.rebuild_of(projection)?;
                (own == version).then_some(source)
            }
            Some(Rebuild::Part { projection, .. }) => {
                self.rebuild_of(projection).map(|(_, source)| source)
            }
        }
    }

    /// The version that the app has of a projection, and the rebuild to it.
    pub(crate) fn rebuild_of(&self, name: &str) -> Option<(u32, &SeedSource)> {
        self.seeds
            .iter()
            .find_map(|seed| match Rebuild::of(&seed.id) {
                Some(Rebuild::Version {
                    projection,
                    version,
                }) if projection == name => Some((version, seed)),
                _ => None,
            })
    }

    /// Whether there are rebuilds among them, which files do not tell.
    pub(crate) fn knows_rebuilds(&self) -> bool {
        self.seeds.iter().any(|seed| is_rebuild(&seed.id))
    }

    /// The seed of the app that `given` names: by its id, by its name without the date, or by a file of either.
    ///
    /// # Errors
    /// If it names none of them, or several.
    pub fn find(&self, given: &str) -> Result<&SeedSource, Failure> {
        find_seed(given, &self.seeds, |seed| &seed.id)
            .map_err(|unknown| self.or_unreadable(unknown))
    }

    /// The seed that `given` names among those of a status, which need not be the app's.
    pub(crate) fn find_in<'a>(
        &self,
        status: &'a Status,
        given: &str,
    ) -> Result<&'a SeedStatus, Failure> {
        find_seed(given, &nameable(status, given), |seed| &seed.id)
            .copied()
            .map_err(|unknown| self.or_unreadable(unknown))
    }

    /// The id that `given` names among some that the app or a database knows.
    pub(crate) fn find_id<'a>(&self, ids: &[&'a str], given: &str) -> Result<&'a str, Failure> {
        find_seed(given, ids, |id| id)
            .copied()
            .map_err(|unknown| self.or_unreadable(unknown))
    }

    /// What is unknown may be a seed that could not be read. That is no reason to refuse another one.
    fn or_unreadable(&self, unknown: Failure) -> Failure {
        self.unreadable.clone().unwrap_or(unknown)
    }
}

/// Those of a status that `given` may name. Operations of the past are many, and would be in the way of a seed whose name is misspelt.
pub(crate) fn nameable<'a>(status: &'a Status, given: &str) -> Vec<&'a SeedStatus> {
    let of_past = status
        .past
        .iter()
        .filter(|seed| is_operation(given) || !is_operation(&seed.id));
    status.seeds.iter().chain(of_past).collect()
}

impl SeedSource {
    /// What was compiled in. The path of the file was not.
    fn of_compiled<DB: Backend>(seed: &Seed<DB>) -> Self {
        Self {
            id: seed.id.to_owned(),
            description: seed.description.to_owned(),
            file: None,
            skip_flag: seed.info().skip_flag.map(str::to_owned),
            source_hash: seed.source_hash.to_owned(),
            text_hash: seed.text_hash.to_owned(),
            background: seed.background,
            after: owned(seed.after),
            replaces: owned(seed.replaces),
            retired: seed.info().retired.map(str::to_owned),
            environments: owned(seed.environments),
            known_environments: owned(seed.known_environments),
            out_of_order: seed.out_of_order.map(str::to_owned),
            after_migration: seed.after_migration,
            handler_calls: seed
                .handler_calls
                .iter()
                .map(SourceCall::of_compiled)
                .collect(),
        }
    }

    /// What the library compares with a database.
    pub(crate) fn info(&self) -> SeedInfo<'_> {
        let info = SeedInfo::new(&self.id, &self.description)
            .with_source(&self.source_hash)
            .with_text(&self.text_hash);
        let info = match &self.skip_flag {
            Some(flag) => info.skipped_by(flag),
            None => info,
        };
        let info = match &self.retired {
            Some(release) => info.retired(release),
            None => info,
        };
        let info = info
            .after(self.after.iter().map(String::as_str))
            .replacing(self.replaces.iter().map(String::as_str))
            .only_in(self.environments.iter().map(String::as_str))
            .known_in(self.known_environments.iter().map(String::as_str));
        let info = match &self.out_of_order {
            Some(reason) => info.out_of_order(reason),
            None => info,
        };
        if self.background {
            info.in_background()
        } else {
            info
        }
    }
}

impl SourceCall {
    fn of_compiled(call: &HandlerCall) -> Self {
        Self {
            handler: call.handler.to_owned(),
            line: usize::try_from(call.line).unwrap_or(usize::MAX),
            roles: call.roles.map(owned),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
