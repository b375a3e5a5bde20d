//! Which projections are meant.

use kumiko_seeds::SeedRunner;
use kumiko_seeds::events::{EventBackend, Handlers, Projection};

use crate::failure::Failure;
use crate::seed_choice::nearest;

/// The app's write side.
pub(super) fn write_side<DB: EventBackend>(
    runner: &SeedRunner<DB>,
) -> Result<&Handlers<DB>, Failure> {
    let handlers = runner.write_side();
    let registered = handlers.filter(|handlers| handlers.kept_projections().iter().count() > 0);
    registered.ok_or_else(|| {
        Failure::new("the app has no projections").help(
            "register them beside its handlers:\n    Handlers::new().projections(Projections::new().register(members))",
        )
    })
}

/// The names of the projections.
pub(super) fn names<DB: EventBackend>(handlers: &Handlers<DB>) -> Vec<&str> {
    let projections = handlers.kept_projections().iter();
    projections.map(Projection::name).collect()
}

/// The projections that were named; all if none was.
pub(super) fn chosen<'a, DB: EventBackend>(
    handlers: &'a Handlers<DB>,
    given: &[String],
) -> Result<Vec<&'a str>, Failure> {
    let all = names(handlers);
    if given.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        let found = all.iter().find(|known| *known == name).copied();
        found.ok_or_else(|| unknown(name, &all))
    };
    given.iter().map(find).collect()
}

fn unknown(name: &str, all: &[&str]) -> Failure {
    let failure = Failure::new(format!("there is no projection {name}"));
    match nearest(name, all) {
        Some(near) => failure.help(format!("did you mean {near}?")),
        None => failure.help(format!("name one of these: {}", all.join(", "))),
    }
}
