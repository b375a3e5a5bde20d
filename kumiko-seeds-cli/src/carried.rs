//! What an ops binary answers when it is asked which seeds it carries, and whose. `cargo kumiko-ops` asks before it lets the
//! binary run a seed: Cargo builds by time stamps, and files may be older than a binary that lacks them.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::output::written;
use super::{Exit, Failure};
use kumiko_seeds::{Backend, Seed, SeedRunner};

/// The command that asks.
pub const CARRIED_COMMAND: &str = "seed:carried";

/// What the line with the answer begins with. An app may print other lines before it.
const PREFIX: &str = "kumiko-seeds carried ";

/// What a binary carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Carried {
    /// The name of the app, if it has one.
    pub app: Option<String>,
    /// The seeds that were compiled from files.
    pub seeds: Vec<CarriedSeed>,
}

/// A seed that was compiled into a binary from a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CarriedSeed {
    /// The file stem.
    pub id: String,
    /// The hash of the source that was compiled.
    pub source_hash: String,
}

/// What an answer says, which is all that a binary has printed; none if there is no answer in it.
#[must_use]
pub fn carried(printed: &str) -> Option<Carried> {
    let answer = printed.lines().find_map(|line| line.strip_prefix(PREFIX))?;
    serde_json::from_str(answer).ok()
}

pub(super) fn run<DB: Backend>(
    runner: &SeedRunner<DB>,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let seeds = runner.seeds().iter().filter(|seed| has_file(seed));
    let carried = Carried {
        app: runner.whose().name().map(ToOwned::to_owned),
        seeds: seeds.map(carried_seed).collect(),
    };
    let answer = serde_json::to_string(&carried)
        .map_err(|error| Failure::new("the seeds cannot be listed").caused_by(&error))?;
    written(writeln!(out, "{PREFIX}{answer}"))?;
    Ok(Exit::Fine)
}

/// A seed written by hand is not one of the files, and none of them differs from it.
fn has_file<DB: Backend>(seed: &Seed<DB>) -> bool {
    let name = Path::new(seed.file).file_name();
    name.is_some_and(|name| *name == *format!("{}.rs", seed.id))
}

fn carried_seed<DB: Backend>(seed: &Seed<DB>) -> CarriedSeed {
    CarriedSeed {
        id: seed.id.to_owned(),
        source_hash: seed.source_hash.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Carried, CarriedSeed, PREFIX, carried};

    #[test]
    fn an_answer_is_found_among_other_lines() {
        let answer = "{\"app\":null,\"seeds\":[{\"id\":\"a\",\"source_hash\":\"b\"}]}";
        let seed = CarriedSeed {
            id: "a".to_owned(),
            source_hash: "b".to_owned(),
        };
        let expected = Carried {
            app: None,
            seeds: vec![seed],
        };
        let printed = format!("starting\n{PREFIX}{answer}\n");
        assert_eq!(carried(&printed), Some(expected));
        for none in ["", "starting\n", &format!("{PREFIX}?\n")] {
            assert_eq!(carried(none), None, "{none:?}");
        }
    }
}
