//! Where each seed stands, as a table for people. Pure.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::printable::printable;
use super::style::{Palette, painted};
use crate::duration::seconds;
use kumiko_seeds::{Marker, SeedStatus, State, Status};

const HEADINGS: [&str; 6] = ["STATE", "ID", "APPLIED AT", "TOOK", "BY", "DESCRIPTION"];

/// What stands between two columns.
const GAP: &str = "  ";

/// As much of a description as is left even on the narrowest terminal, where lines then wrap.
const LEAST_DESCRIPTION: usize = 12;

/// The table and a line that sums it up, cut to `width` columns if one is given.
pub(super) fn table(status: &Status, palette: Palette, width: Option<usize>) -> String {
    if status.seeds.is_empty() {
        return "no seeds\n".to_owned();
    }
    let rows: Vec<[String; 6]> = status.seeds.iter().map(row).collect();
    let headings = HEADINGS.map(str::to_owned);
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let cells = rows.iter().chain([&headings]);
        cells
            .map(|row| row[column].width())
            .max()
            .unwrap_or_default()
    });
    let before: usize = widths[..5].iter().map(|width| width + GAP.len()).sum();
    let room = width.map(|width| width.saturating_sub(before).max(LEAST_DESCRIPTION));

    let heading_styles = [palette.heading; 6];
    let mut text = line(&headings, &widths, heading_styles, room);
    for (seed, row) in status.seeds.iter().zip(&rows) {
        let mut styles = [anstyle::Style::new(); 6];
        styles[0] = palette.of_state(seed.state);
        text += &line(row, &widths, styles, room);
    }
    text + "\n" + &sum(status) + "\n"
}

/// How many seeds are in which state: `2 applied, 1 of them changed, 1 pending`.
pub(super) fn sum(status: &Status) -> String {
    let count = |state| status.count(state);
    let changed = count(State::Changed);
    let others = [
        State::OutOfOrder,
        State::Renamed,
        State::Contested,
        State::Skipped,
        State::Missing,
        State::Former,
        State::Foreign,
    ];
    let others = others
        .map(|state| (count(state), state.as_str()))
        .into_iter();
    [
        (count(State::Applied) + changed, "applied"),
        (changed, "of them changed"),
        (count(State::Pending), "pending"),
    ]
    .into_iter()
    .chain(others)
    .filter(|(count, what)| *count > 0 || ["applied", "pending"].contains(what))
    .map(|(count, what)| format!("{count} {}", what.replace('-', " ")))
    .collect::<Vec<_>>()
    .join(", ")
}

/// When, how long and by whom, as the table has it.
pub(super) fn marker_cells(marker: &Marker) -> [String; 3] {
    let took = u64::try_from(marker.duration_ms).unwrap_or_default();
    [
        marker.applied_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        seconds(std::time::Duration::from_millis(took)),
        printable(&marker.applied_by),
    ]
}

fn row(seed: &SeedStatus) -> [String; 6] {
    let marker = seed.marker.as_ref();
    let [at, took, by] = marker.map_or_else(Default::default, marker_cells);
    [
        seed.state.to_string(),
        printable(&seed.id),
        at,
        took,
        by,
        described(seed),
    ]
}

/// The description, and behind it what a person should know beside the state.
fn described(seed: &SeedStatus) -> String {
    let description = printable(&seed.description);
    match seed.remark() {
        Some(remark) if description.is_empty() => format!("({remark})"),
        Some(remark) => format!("{description} ({remark})"),
        None => description,
    }
}

fn line(
    cells: &[String; 6],
    widths: &[usize; 6],
    styles: [anstyle::Style; 6],
    room: Option<usize>,
) -> String {
    let [columns @ .., description] = cells;
    let description = match room {
        Some(room) => cut(description, room),
        None => description.clone(),
    };
    // What is empty to the end of the line is left out, so that no line ends in spaces.
    let texts: Vec<&str> = columns
        .iter()
        .map(String::as_str)
        .chain([&*description])
        .collect();
    let last = texts
        .iter()
        .rposition(|text| !text.is_empty())
        .unwrap_or_default();
    let cells = texts[..=last].iter().enumerate().map(|(column, text)| {
        let missing = if column == last {
            0
        } else {
            widths[column].saturating_sub(text.width())
        };
        let text = if text.is_empty() {
            String::new()
        } else {
            painted(text, styles[column])
        };
        text + &" ".repeat(missing)
    });
    cells.collect::<Vec<_>>().join(GAP) + "\n"
}

/// The text, or as much of it as fits into `room` columns with an ellipsis.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|character| {
            used += character.width().unwrap_or_default();
            used <= room
        })
        .collect();
    kept.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests;
