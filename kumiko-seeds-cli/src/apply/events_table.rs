//! The events that a dry run would append, for people. Pure.

use anstyle::Style;

use super::migration_text::migration_text;
use super::view::{EstimateView, EventView, TriedView};
use crate::printing::{Columns, printable, seconds};

const HEADINGS: [&str; 5] = ["EVENT", "STREAM", "VERSION", "TENANT", "MADE OF"];

/// One block for each seed, all with the same columns.
pub(super) fn events_table(seeds: &[TriedView<'_>]) -> String {
    let headings = HEADINGS.map(str::to_owned);
    let mut events = seeds.iter().flat_map(|seed| &seed.events);
    if events.any(|event| event.made_of.is_some()) {
        return table(seeds, &headings, row);
    }
    // Most seeds make their events of nothing.
    let [event, stream, version, tenant, _] = headings;
    table(seeds, &[event, stream, version, tenant], |it| {
        let [event, stream, version, tenant, _] = row(it);
        [event, stream, version, tenant]
    })
}

fn table<const N: usize>(
    seeds: &[TriedView<'_>],
    headings: &[String; N],
    row: impl Fn(&EventView<'_>) -> [String; N],
) -> String {
    let blocks: Vec<Vec<[String; N]>> = seeds
        .iter()
        .map(|seed| seed.events.iter().map(&row).collect())
        .collect();
    let columns = Columns::of(blocks.iter().flatten().chain([headings]));
    let line = |row| format!("  {}", columns.line(row, [Style::new(); N]));
    let blocks = seeds.iter().zip(&blocks).map(|(seed, rows)| {
        let lines: String = match rows.as_slice() {
            [] => "  no events\n".to_owned(),
            rows => [headings].into_iter().chain(rows).map(line).collect(),
        };
        let heading = printable(seed.id) + &how_much(seed.estimate);
        let migration = seed
            .migration
            .as_ref()
            .map_or_else(String::new, migration_text);
        format!("{heading}\n{migration}{lines}\n")
    });
    blocks.collect()
}

/// How much of a seed of many steps was tried, and how long all of it will take.
fn how_much(estimate: Option<EstimateView>) -> String {
    let Some(estimate) = estimate else {
        return String::new();
    };
    let items = estimate.items;
    if estimate.whole {
        return format!(", all {items} items");
    }
    let of = estimate
        .total
        .map_or_else(String::new, |total| format!(" of {total}"));
    let in_all = estimate.duration().map_or_else(String::new, |duration| {
        format!("; all of them take about {}", seconds(duration))
    });
    format!(", its first {items}{of} items{in_all}")
}

fn row(event: &EventView<'_>) -> [String; 5] {
    [
        printable(event.event_type),
        printable(&format!("{} {}", event.aggregate_type, event.aggregate_id)),
        event.version.to_string(),
        printable(event.tenant_id.unwrap_or("-")),
        event.made_of.map_or_else(String::new, |old| {
            format!("{} {}", printable(old.event_type), old.version)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::view::MadeOfView;

    #[test]
    fn wide_characters_take_two_columns() {
        let event = |event_type, aggregate_type| EventView {
            event_type,
            aggregate_type,
            aggregate_id: "1",
            version: 1,
            tenant_id: Some("t"),
            made_of: None,
        };
        let seed = |id, events| TriedView {
            id,
            duration_ms: 0,
            events,
            estimate: None,
            migration: None,
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

    #[test]
    fn what_an_event_is_made_of_is_a_column_where_there_is_any() {
        let event = |event_type, made_of| EventView {
            event_type,
            aggregate_type: "user",
            aggregate_id: "1",
            version: 1,
            tenant_id: Some("t"),
            made_of,
        };
        let old = MadeOfView {
            event_type: "made",
            version: 2,
        };
        let seed = TriedView {
            id: "a",
            duration_ms: 0,
            events: vec![event("closed", None), event("created", Some(old))],
            estimate: None,
            migration: None,
        };
        assert_eq!(
            events_table(&[seed]),
            "a\n  EVENT    STREAM  VERSION  TENANT  MADE OF\n  closed   user 1  1        t\n  \
             created  user 1  1        t       made 2\n\n"
        );
    }

    #[test]
    fn how_much_of_many_steps_was_tried_is_said() {
        let estimate = |total, whole, duration_ms| EstimateView {
            items: 300,
            total,
            whole,
            duration_ms,
        };
        for (estimate, said) in [
            (None, ""),
            (Some(estimate(Some(300), true, Some(90))), ", all 300 items"),
            (Some(estimate(None, false, None)), ", its first 300 items"),
            (
                Some(estimate(Some(100_000), false, Some(29_400))),
                ", its first 300 of 100000 items; all of them take about 29.4s",
            ),
        ] {
            assert_eq!(how_much(estimate), said);
        }
    }
}
