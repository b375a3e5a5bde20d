//! What `init` says. Pure.

use std::path::Path;

use super::choice::Chosen;
use super::plan::{Change, Plan};

/// One line for each change.
pub(super) fn lines(
    changes: &[Change],
    tense: Tense,
    shown: &dyn Fn(&Path) -> String,
) -> Vec<String> {
    let line = |change: &Change| {
        let path = shown(&change.path);
        match (&change.before, tense) {
            (Some(_), Tense::Done) => format!("changed {path}: {}", change.summary),
            (Some(_), Tense::Would) => format!("would change {path}: {}", change.summary),
            (None, Tense::Done) => format!("created {path}"),
            (None, Tense::Would) => format!("would create {path}"),
        }
    };
    changes.iter().map(line).collect()
}

/// Whether something has happened.
#[derive(Clone, Copy)]
pub(super) enum Tense {
    Would,
    Done,
}

/// `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// What stands between the changes and the next steps.
pub(super) fn notes(plan: &Plan, chosen: &Chosen) -> Vec<String> {
    let database = format!(
        "note: seeds run on {}, {}",
        chosen.database.name(),
        chosen.reason
    );
    let app = chosen.app.iter();
    let app = app.map(|app| format!("note: the app is {}, {}", app.name, app.reason));
    let notes = plan.notes.iter().map(|note| format!("note: {note}"));
    std::iter::once(database).chain(app).chain(notes).collect()
}

/// What is left to people.
pub(super) fn left(plan: &Plan) -> Vec<String> {
    let left = plan.left.iter();
    left.map(|left| format!("left: {left}")).collect()
}
