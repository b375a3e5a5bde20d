//! Which projections are meant.

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, Projection};

use crate::failure::Failure;
use crate::seed_choice::nearest;

/// The projections of the app, in the order in which they are registered.
pub(super) fn projections<DB: EventBackend>(runner: &SeedRunner<DB>) -> Vec<&Projection<DB>> {
    let handlers = runner.write_side().into_iter();
    let projections = handlers.flat_map(|handlers| handlers.kept_projections().iter());
    projections.collect()
}

/// Those that were named; all if none was.
pub(super) fn chosen<'a, DB: EventBackend>(
    all: &[&'a Projection<DB>],
    given: &[String],
) -> Result<Vec<&'a Projection<DB>>, Failure> {
    if given.is_empty() {
        return Ok(all.to_vec());
    }
    let find = |name: &String| {
        let found = all.iter().find(|known| known.name() == name).copied();
        found.ok_or_else(|| unknown(name, &names(all)))
    };
    given.iter().map(find).collect()
}

/// Their names.
pub(super) fn names<'a, DB: EventBackend>(projections: &[&'a Projection<DB>]) -> Vec<&'a str> {
    projections
        .iter()
        .map(|projection| projection.name())
        .collect()
}

/// What to do where a projection is asked for and the app has none.
pub(super) const REGISTER: &str = "the app has no projections; register them beside its handlers:\n    \
     Handlers::new().projections(Projections::new().register(members))";

fn unknown(name: &str, all: &[&str]) -> Failure {
    let failure = Failure::new(format!("there is no projection {name}"));
    if all.is_empty() {
        return failure.help(REGISTER);
    }
    match nearest(name, all) {
        Some(near) => failure.help(format!("did you mean {near}?")),
        None => failure.help(format!("name one of these: {}", all.join(", "))),
    }
}
