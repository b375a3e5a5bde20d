//! Where an app runs, by which seeds that are for some environments alone run or do not. Pure but for one function that reads a
//! variable.

use std::collections::BTreeSet;

use crate::{Error, SeedInfo};

/// The environment in which an app runs: `production`, `staging`, `demo`. A seed that says `ENVIRONMENTS` runs in those alone.
///
/// A seed that is not for this environment is not pending, and keeps nobody waiting. If it is applied, because the database
/// is a copy of another environment's, it is applied as any other.
///
/// The default of a run is the variable `KUMIKO_ENVIRONMENT`, read when the run starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Nobody has said which it is: seeds that are for some environments alone do not run. The default.
    #[default]
    Unset,
    /// The one of this name.
    Named(String),
    /// As if it were all of them: for tests of seeds, and for what concerns a seed wherever it runs.
    Every,
}

impl Environment {
    /// The variable that says which it is, where the app does not.
    pub const VARIABLE: &str = "KUMIKO_ENVIRONMENT";

    /// The environment that [`Environment::VARIABLE`] names. An empty value names none.
    #[must_use]
    pub fn from_variable() -> Self {
        let value = std::env::var_os(Self::VARIABLE).unwrap_or_default();
        match value.to_string_lossy() {
            // What is not Unicode is no name that a seed can have.
            name if name.is_empty() => Self::Unset,
            name => Self::Named(name.into_owned()),
        }
    }

    /// The one of this name, or else the one that the variable names: what was said explicitly comes first.
    #[must_use]
    pub fn named_or_from_variable(name: Option<&str>) -> Self {
        name.map_or_else(Self::from_variable, Self::from)
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Unset | Self::Every => None,
        }
    }

    /// Fails if the app has declared its environments, and this is none of them. That is a misspelt name, with which seeds
    /// would be left out without a word.
    ///
    /// # Errors
    /// [`Error::UnknownEnvironment`].
    pub fn check<'a>(&self, seeds: impl IntoIterator<Item = SeedInfo<'a>>) -> Result<(), Error> {
        let Self::Named(name) = self else {
            return Ok(());
        };
        let seeds = seeds.into_iter();
        let known: BTreeSet<&str> = seeds.flat_map(|seed| seed.known_environments).collect();
        if known.is_empty() || known.contains(&**name) {
            return Ok(());
        }
        Err(Error::UnknownEnvironment {
            name: name.clone(),
            known: known.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Whether a seed that is for `environments` alone, or everywhere if there are none, runs here.
    pub(crate) fn is_among(&self, environments: &[&str]) -> bool {
        environments.is_empty()
            || match self {
                Self::Unset => false,
                Self::Named(name) => environments.contains(&&**name),
                Self::Every => true,
            }
    }

    /// Why a seed does not run here: `not for production`.
    pub(crate) fn is_not(&self) -> String {
        match self {
            Self::Named(name) => format!("not for {name}"),
            Self::Unset | Self::Every => {
                format!("not for this environment: {} is not set", Self::VARIABLE)
            }
        }
    }
}

impl From<&str> for Environment {
    /// The one of this name; unset if that is empty.
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl From<String> for Environment {
    fn from(name: String) -> Self {
        if name.is_empty() {
            Self::Unset
        } else {
            Self::Named(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_runs_in_its_environments_and_one_without_everywhere() {
        let staging = Environment::from("staging");
        for (environment, everywhere, for_staging, for_others) in [
            (Environment::from(""), true, false, false),
            (staging, true, true, false),
            (Environment::Every, true, true, true),
        ] {
            assert_eq!(environment.is_among(&[]), everywhere);
            assert_eq!(environment.is_among(&["demo", "staging"]), for_staging);
            assert_eq!(environment.is_among(&["demo"]), for_others);
        }
    }

    #[test]
    fn only_a_declared_environment_is_one_where_any_is_declared() {
        let declared = || {
            [
                SeedInfo::new("a", ""),
                SeedInfo::new("b", "").known_in(["demo", "staging"]),
            ]
        };
        let free = || [SeedInfo::new("a", "").only_in(["demo"])];
        for fine in [Environment::Unset, Environment::Every, "staging".into()] {
            assert!(fine.check(declared()).is_ok(), "{fine:?}");
        }
        let misspelt = Environment::from("stagign");
        assert!(misspelt.check(free()).is_ok());
        let refused = misspelt
            .check(declared())
            .map_err(|error| error.to_string());
        assert_eq!(
            refused,
            Err("there is no environment \"stagign\": the app has demo, staging".to_owned())
        );
    }
}
