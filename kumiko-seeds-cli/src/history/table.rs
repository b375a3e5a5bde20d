//! What was done in a database, for people. Pure.

use anstyle::Style;

use super::view::{HistoryView, OperationView};
use crate::printing::{Columns, Terminal, printable, seconds};

const HEADINGS: [&str; 7] = ["AT", "TYPE", "ID", "STATE", "BY", "TOOK", "NOTES"];

/// A line for each operation, cut to the width of the terminal.
pub(super) fn table(history: &HistoryView<'_>, terminal: Terminal) -> String {
    if history.operations.is_empty() {
        return "no operations\n".to_owned();
    }
    let Terminal { palette, width } = terminal;
    let headings = HEADINGS.map(str::to_owned);
    let rows: Vec<[String; 7]> = history.operations.iter().map(row).collect();
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);
    let mut text = columns.line(&headings, [palette.heading; 7]);
    for (operation, row) in history.operations.iter().zip(&rows) {
        let mut styles = [Style::new(); 7];
        styles[3] = match operation.state {
            "done" => palette.good,
            "running" => palette.hint,
            "failed" => palette.error,
            _ => palette.warning,
        };
        text += &columns.line(row, styles);
    }
    text
}

fn row(operation: &OperationView<'_>) -> [String; 7] {
    [
        operation.at.to_string(),
        operation.operation_type.to_owned(),
        printable(operation.id),
        operation.state.to_owned(),
        operation.by.map_or_else(String::new, printable),
        operation.duration().map_or_else(String::new, seconds),
        operation
            .notes
            .as_deref()
            .map_or_else(String::new, printable),
    ]
}
