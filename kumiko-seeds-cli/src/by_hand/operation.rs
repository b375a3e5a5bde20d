//! Which operations nobody marks and unmarks, and what to do instead. Pure.

use crate::app_seeds::AppSeeds;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::operation_id::{Again, Rebuild, is_operation, is_rebuild};

/// Why this is no rebuild to mark as done; none if it may be one, or is no rebuild.
pub(super) fn not_to_mark(
    given: &str,
    seeds: &AppSeeds,
    invocation: &Invocation,
) -> Option<Failure> {
    if seeds.get(given).is_some() {
        return None;
    }
    if let Some(failure) = of_another(given, "marked", invocation) {
        return Some(failure);
    }
    let rebuild = Rebuild::of(given)?;
    let name = rebuild.projection();
    let words = [name.to_owned(), "--mark".to_owned()];
    let check = invocation.line("projection:check", &words);
    let instead = format!("mark the rebuild of {name} as done if every row is right:\n    {check}");
    if !rebuild.is_for_workers() {
        return Some(asked_for_once(given, "marked").help(instead));
    }
    let failure = match seeds.rebuild_of(name) {
        Some((version, _)) => Failure::new(format!(
            "there is nothing to mark in {given}: the app has version {version} of {name}"
        ))
        .help(instead),
        None if seeds.knows_rebuilds() => return None,
        None => Failure::new(format!(
            "{given} is of no file, and what it is of now is known to the app's own ops binary alone"
        ))
        .help(instead)
        .help(format!(
            "or mark it without a look at the rows:\n    cargo run --bin <ops binary> -- seed:mark {given}"
        )),
    };
    Some(failure)
}

/// Why nothing runs again when the marker of this one is gone; none if it may, or is no rebuild.
pub(super) fn not_to_unmark(
    id: &str,
    seeds: &AppSeeds,
    invocation: &Invocation,
) -> Option<Failure> {
    if let Some(failure) = of_another(id, "unmarked", invocation) {
        return Some(failure);
    }
    let rebuild = Rebuild::of(id)?;
    let own = seeds.rebuild_of(rebuild.projection());
    let failure = match (rebuild, own) {
        (Rebuild::Version { version, .. }, Some((own, _))) if version < own => {
            Failure::new(format!(
                "nothing would run again without the marker of {id}: the app has version {own} of {}",
                rebuild.projection()
            ))
        }
        (Rebuild::Version { .. }, _) => return None,
        _ => asked_for_once(id, "unmarked"),
    };
    let line = invocation.line("projection:rebuild", &rebuild.words());
    Some(failure.help(format!(
        "rebuild the rows while the app serves:\n    {line}"
    )))
}

/// Why this operation is neither marked nor unmarked; none if it is a rebuild or a seed.
fn of_another(id: &str, what: &str, invocation: &Invocation) -> Option<Failure> {
    if is_rebuild(id) || !is_operation(id) {
        return None;
    }
    let failure = asked_for_once(id, what);
    Some(match Again::of(id) {
        Some(again) => failure.help(format!(
            "do the same once more:\n    {}",
            again.line(invocation)
        )),
        None => failure,
    })
}

fn asked_for_once(id: &str, what: &str) -> Failure {
    Failure::new(format!(
        "{id} was asked for once and no worker takes it up, so it is not {what}"
    ))
}
