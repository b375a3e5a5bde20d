//! How many seeds are in which state, in a line. Pure.

use kumiko_seeds::State;

use super::view::StatusView;

/// `2 applied, 1 of them changed, 1 pending`.
pub(super) fn sum(status: &StatusView<'_>) -> String {
    let changed = status.count(State::Changed);
    let others = [
        State::OutOfOrder,
        State::Renamed,
        State::Contested,
        State::Skipped,
        State::Missing,
        State::Former,
        State::Foreign,
    ];
    let others = others.map(|state| (status.count(state), state.as_str()));
    [
        (status.count(State::Applied) + changed, "applied"),
        (changed, "of them changed"),
        (status.count(State::Pending), "pending"),
    ]
    .into_iter()
    .chain(others)
    .filter(|(count, what)| *count > 0 || ["applied", "pending"].contains(what))
    .map(|(count, what)| format!("{count} {}", what.replace('-', " ")))
    .collect::<Vec<_>>()
    .join(", ")
}
