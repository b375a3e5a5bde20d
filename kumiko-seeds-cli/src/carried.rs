//! What an ops binary answers when it is asked which seeds it carries, and whose. `cargo kumiko-ops` asks before it lets the
//! binary run a seed: Cargo builds by time stamps, and files may be older than a binary that lacks them.

use std::collections::BTreeMap;
use std::io::stdout;
use std::path::Path;

use kumiko_seeds::{Backend, Seed, SeedCode, SeedRunner};
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};
use crate::printing::print_text;

/// What an ops binary carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Carried {
    /// The name of the app, if it has one.
    pub app: Option<String>,
    /// The hash of the code of each seed that was compiled from a file, by the seed's id.
    pub seeds: BTreeMap<String, String>,
}

/// What the line with the answer begins with. An app may print other lines before it.
const PREFIX: &str = "kumiko-seeds carried ";

impl Carried {
    /// The command that asks.
    pub const COMMAND: &str = "seed:carried";

    /// What an answer says, which is all that a binary has printed; none if there is no answer in it.
    #[must_use]
    pub fn of_answer(printed: &str) -> Option<Self> {
        let answer = printed.lines().find_map(|line| line.strip_prefix(PREFIX))?;
        serde_json::from_str(answer).ok()
    }

    fn of_runner<DB: Backend>(runner: &SeedRunner<DB>) -> Self {
        let seeds = runner.seeds().iter().filter(|seed| has_file(seed));
        Self {
            app: runner.whose().name().map(ToOwned::to_owned),
            seeds: seeds
                .map(|seed| (seed.id.to_owned(), seed.source_hash.to_owned()))
                .collect(),
        }
    }
}

/// Answers.
pub(crate) fn run<DB: Backend>(runner: &SeedRunner<DB>) -> Result<Exit, Failure> {
    let answer = serde_json::to_string(&Carried::of_runner(runner))
        .map_err(|error| Failure::new("the seeds cannot be listed").caused_by(&error))?;
    print_text(&mut stdout().lock(), &format!("{PREFIX}{answer}\n"))?;
    Ok(Exit::Fine)
}

/// A seed written by hand is not one of the files, and none of them differs from it. A retired one stands in a list.
fn has_file<DB: Backend>(seed: &Seed<DB>) -> bool {
    if matches!(seed.code, SeedCode::Retired { .. }) {
        return true;
    }
    let name = Path::new(seed.file).file_name();
    name.is_some_and(|name| *name == *format!("{}.rs", seed.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_among_other_lines() {
        let expected = Carried {
            app: None,
            seeds: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        let printed = format!("starting\n{PREFIX}{{\"app\":null,\"seeds\":{{\"a\":\"b\"}}}}\n");
        assert_eq!(Carried::of_answer(&printed), Some(expected));
        for none in ["", "starting\n", &format!("{PREFIX}?\n")] {
            assert_eq!(Carried::of_answer(none), None, "{none:?}");
        }
    }
}
