//! The tables of the chapter on monitoring.

use std::collections::BTreeSet;

const CHAPTER: &str = include_str!("../../../../docs/chapters/monitoring.md");

/// The rows of the table whose first column is `title`, without the last column, which is for people.
pub(crate) fn rows(title: &str) -> BTreeSet<Vec<String>> {
    let header = format!("| {title} |");
    let mut lines = CHAPTER
        .lines()
        .skip_while(|line| !line.starts_with(&header));
    // The header, and the line below it.
    lines.by_ref().take(2).for_each(drop);
    lines.map_while(cells).collect()
}

fn cells(line: &str) -> Option<Vec<String>> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let mut cells: Vec<String> = cells.map(|cell| cell.replace('`', "")).collect();
    cells.pop();
    Some(cells)
}
