//! The events that a dry run would append, for people. Pure.

use anstyle::Style;

use super::view::{EventView, TriedView};
use crate::printing::{Columns, printable};

const HEADINGS: [&str; 4] = ["EVENT", "STREAM", "VERSION", "TENANT"];

/// One block for each seed, all with the same columns.
pub(super) fn events_table(seeds: &[TriedView<'_>]) -> String {
    let headings = HEADINGS.map(str::to_owned);
    let blocks: Vec<Vec<[String; 4]>> = seeds
        .iter()
        .map(|seed| seed.events.iter().map(row).collect())
        .collect();
    let columns = Columns::of(blocks.iter().flatten().chain([&headings]));
    let line = |row| format!("  {}", columns.line(row, [Style::new(); 4]));
    let blocks = seeds.iter().zip(&blocks).map(|(seed, rows)| {
        let lines: String = match rows.as_slice() {
            [] => "  no events\n".to_owned(),
            rows => [&headings].into_iter().chain(rows).map(line).collect(),
        };
        format!("{}\n{lines}\n", printable(seed.id))
    });
    blocks.collect()
}

fn row(event: &EventView<'_>) -> [String; 4] {
    [
        printable(event.event_type),
        printable(&format!("{} {}", event.aggregate_type, event.aggregate_id)),
        event.version.to_string(),
        printable(event.tenant_id.unwrap_or("-")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        let event = |event_type, aggregate_type| EventView {
            event_type,
            aggregate_type,
            aggregate_id: "1",
            version: 1,
            tenant_id: Some("t"),
        };
        let seed = |id, events| TriedView {
            id,
            duration_ms: 0,
            events,
        };
        let seeds = [
            seed("a", vec![event("役割", "tenant"), event("x", "é")]),
            seed("b", Vec::new()),
        ];
        assert_eq!(
            events_table(&seeds),
            "a\n  EVENT  STREAM    VERSION  TENANT\n  役割   tenant 1  1        t\n  \
             x      é 1       1        t\n\nb\n  no events\n\n"
        );
    }
}
