//! Where each seed stands, for people. Pure.

use anstyle::Style;
use kumiko_seeds::State;

use super::view::{SeedView, StatusView};
use crate::printing::{Columns, Terminal, milliseconds, printable};

const HEADINGS: [&str; 6] = ["STATE", "ID", "APPLIED AT", "TOOK", "BY", "DESCRIPTION"];

/// The table and a line that sums it up, cut to the width of the terminal.
pub(super) fn table(status: &StatusView<'_>, terminal: Terminal) -> String {
    if status.seeds.is_empty() {
        return "no seeds\n".to_owned();
    }
    let Terminal { palette, width } = terminal;
    let headings = HEADINGS.map(str::to_owned);
    let rows: Vec<[String; 6]> = status.seeds.iter().map(row).collect();
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);

    let mut text = columns.line(&headings, [palette.heading; 6]);
    for (seed, row) in status.seeds.iter().zip(&rows) {
        let mut styles = [Style::new(); 6];
        styles[0] = palette.of_state(seed.state);
        text += &columns.line(row, styles);
    }
    text + "\n" + &sum(status) + "\n"
}

fn row(seed: &SeedView<'_>) -> [String; 6] {
    [
        seed.state.to_string(),
        printable(seed.id),
        seed.applied_at
            .map_or_else(String::new, |at| at.to_string()),
        seed.duration_ms.map_or_else(String::new, milliseconds),
        seed.applied_by.map_or_else(String::new, printable),
        described(seed),
    ]
}

/// The description, and behind it what a person should know beside the state. How far a seed is stands before it, or a narrow
/// terminal would cut off what people look for.
fn described(seed: &SeedView<'_>) -> String {
    let description = printable(seed.description);
    // It quotes the database: an error, a cursor.
    let remark = seed.remark.as_deref().map(printable);
    match remark {
        Some(remark) if seed.progress.is_some() && description.is_empty() => remark,
        Some(remark) if seed.progress.is_some() => format!("{remark} ({description})"),
        Some(remark) if description.is_empty() => format!("({remark})"),
        Some(remark) => format!("{description} ({remark})"),
        None => description,
    }
}

/// How many seeds are in which state: `2 applied, 1 of them changed, 1 pending`.
pub(super) fn sum(status: &StatusView<'_>) -> String {
    let changed = status.count(State::Changed);
    let others = [
        State::Running,
        State::Paused,
        State::Failed,
        State::Cancelled,
        State::OutOfOrder,
        State::Renamed,
        State::Contested,
        State::Retired,
        State::Skipped,
        State::NotHere,
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

#[cfg(test)]
mod tests;
