//! Which seeds are retired, and which of them may not be. Pure.

use std::collections::BTreeSet;

use kumiko_seeds::{Environment, History, SkipFlags, State, Status};
use kumiko_seeds_build::SeedFile;
use kumiko_seeds_cli::{AppSeeds, Failure};

use super::RetireArguments;

/// The seeds that the arguments name, in the order of their ids.
pub(super) fn choose<'a>(
    files: &'a [SeedFile],
    seeds: &AppSeeds,
    arguments: &RetireArguments,
) -> Result<Vec<&'a SeedFile>, Failure> {
    let mut ids = BTreeSet::new();
    for given in &arguments.ids {
        let seed = seeds.find(given)?;
        if let Some(release) = &seed.retired {
            let id = &seed.id;
            return Err(Failure::new(format!(
                "{id} is retired already, since {release}"
            )));
        }
        ids.insert(seed.id.as_str());
    }
    if let Some(before) = arguments.before {
        let before = before.to_string();
        let earlier = files
            .iter()
            .filter(|seed| seed.retired.is_none() && *seed.id < *before);
        ids.extend(earlier.map(|seed| seed.id.as_str()));
        if ids.is_empty() {
            return Err(Failure::new(format!(
                "there is no seed of a date before {before}"
            )));
        }
    }
    let (chosen, others): (Vec<_>, Vec<_>) = files
        .iter()
        .partition(|seed| ids.contains(seed.id.as_str()));
    let awaited = others.into_iter().find_map(|other| {
        let id = other.after.iter().find(|id| ids.contains(id.as_str()))?;
        Some((id, &other.id))
    });
    match awaited {
        Some((id, other)) => Err(Failure::new(format!(
            "{id} cannot be retired: {other} names it in AFTER"
        ))
        .help(format!("retire {other} with it, or leave {id}"))),
        None => Ok(chosen),
    }
}

/// What to know of those that are not applied in the database of `history`.
pub(super) fn not_applied(chosen: &[&SeedFile], seeds: &AppSeeds, history: History) -> Vec<String> {
    let status = Status::compare(
        seeds.infos(),
        history,
        &SkipFlags::default(),
        &Environment::from_variable(),
    );
    let is_chosen = |id: &str| chosen.iter().any(|seed| seed.id == id);
    let pending = status.seeds.iter().filter(|seed| is_chosen(&seed.id));
    pending
        .filter_map(|seed| match seed.state {
            State::Applied | State::Changed => None,
            State::Running | State::Paused | State::Failed => Some(format!(
                "{} is under way there, and no release goes on with it once it is retired",
                seed.id
            )),
            _ => Some(format!("{} is not applied there", seed.id)),
        })
        .collect()
}
