//! What would become of streams, for people. Pure.

use super::migration_view::{ChangeView, DiffView, MigrationView, StreamNameView};
use crate::printing::{counted, printable};

/// How much a migration is, and what becomes of its first streams, as a diff.
pub(super) fn migration_text(migration: &MigrationView<'_>) -> String {
    let MigrationView {
        streams,
        events,
        diffs,
    } = migration;
    let how_much = format!(
        "{} with {}",
        many(*streams, "stream"),
        many(*events, "event")
    );
    let mut changes = diffs.iter().flat_map(|diff| &diff.changes);
    let how = if changes.any(|change| change.payload.is_none()) {
        "; --payloads shows what is in the events"
    } else {
        ""
    };
    let diffs: String = diffs.iter().map(text).collect();
    format!("  to be migrated: {how_much}{how}\n{diffs}\n")
}

/// What becomes of a stream.
fn text(diff: &DiffView<'_>) -> String {
    let mut lines = vec![format!("  {}", name(&diff.stream))];
    if diff.becomes.is_empty() {
        lines.push("    becomes nothing".to_owned());
    }
    let others = diff.becomes.iter().filter(|it| **it != diff.stream);
    lines.extend(others.map(|it| format!("    becomes {}", name(it))));
    let is_split = diff.becomes.len() > 1;
    lines.extend(diff.changes.iter().map(|change| {
        let (sign, place) = match change.change {
            "removed" => ('-', String::new()),
            _ if is_split => ('+', format!(", in {}", name(&change.stream))),
            _ => ('+', String::new()),
        };
        format!("    {sign} {}{place}", event(change))
    }));
    if diff.left_out > 0 {
        lines.push(format!("      and {}", many(diff.left_out, "more change")));
    }
    if diff.kept > 0 {
        lines.push(format!("      {} kept", many(diff.kept, "event")));
    }
    lines.join("\n") + "\n"
}

/// `2 member-roles-changed v3 {"roles":["Admin"]}`, with its metadata if they are shown.
fn event(change: &ChangeView<'_>) -> String {
    let mut words = vec![change.version.to_string(), change.event_type.to_owned()];
    if change.event_version != 1 {
        words.push(format!("v{}", change.event_version));
    }
    words.extend(change.payload.as_ref().map(ToString::to_string));
    let metadata = change.metadata.as_ref();
    words.extend(metadata.map(|metadata| format!("metadata {metadata}")));
    printable(&words.join(" "))
}

fn name(stream: &StreamNameView<'_>) -> String {
    let StreamNameView {
        aggregate_type,
        aggregate_id,
        tenant_id,
    } = stream;
    let of = tenant_id.map_or_else(String::new, |tenant| format!(" of tenant {tenant}"));
    printable(&format!("{aggregate_type} {aggregate_id}{of}"))
}

fn many(count: u64, what: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OLD: StreamNameView<'_> = StreamNameView {
        aggregate_type: "user",
        aggregate_id: "1",
        tenant_id: Some("a"),
    };
    const NEW: StreamNameView<'_> = StreamNameView {
        tenant_id: Some("b"),
        ..OLD
    };

    fn change<'a>(
        change: &'static str,
        stream: StreamNameView<'a>,
        event_type: &'a str,
    ) -> ChangeView<'a> {
        ChangeView {
            change,
            event_type,
            event_version: 1,
            stream,
            version: 2,
            payload: None,
            metadata: None,
        }
    }

    fn shown(becomes: Vec<StreamNameView<'_>>, kept: u64, changes: Vec<ChangeView<'_>>) -> String {
        let diff = DiffView {
            stream: OLD,
            becomes,
            kept,
            changes,
            left_out: 0,
        };
        migration_text(&MigrationView {
            streams: 1,
            events: 3,
            diffs: vec![diff],
        })
    }

    #[test]
    fn what_goes_and_what_comes_is_a_diff() {
        let changes = vec![
            change("removed", OLD, "made"),
            change("added", NEW, "created\u{7}"),
        ];
        assert_eq!(
            shown(vec![NEW], 1, changes),
            "  to be migrated: 1 stream with 3 events; --payloads shows what is in the events
  user 1 of tenant a
    becomes user 1 of tenant b
    - 2 made
    + 2 created\u{fffd}
      1 event kept

"
        );
    }

    #[test]
    fn payloads_and_metadata_are_shown_if_they_are_there() {
        let added = ChangeView {
            event_version: 3,
            payload: Some(json!({ "name": "Ann" })),
            metadata: Some(json!({ "why": "a" })),
            ..change("added", OLD, "made")
        };
        assert_eq!(
            shown(vec![OLD], 0, vec![added]),
            "  to be migrated: 1 stream with 3 events
  user 1 of tenant a
    + 2 made v3 {\"name\":\"Ann\"} metadata {\"why\":\"a\"}

"
        );
    }

    #[test]
    fn a_stream_becomes_several_or_nothing() {
        let changes = vec![change("added", OLD, "made"), change("added", NEW, "made")];
        assert_eq!(
            shown(vec![OLD, NEW], 0, changes),
            "  to be migrated: 1 stream with 3 events; --payloads shows what is in the events
  user 1 of tenant a
    becomes user 1 of tenant b
    + 2 made, in user 1 of tenant a
    + 2 made, in user 1 of tenant b

"
        );
        assert_eq!(
            shown(Vec::new(), 0, Vec::new()),
            "  to be migrated: 1 stream with 3 events\n  user 1 of tenant a\n    becomes nothing\n\n"
        );
    }
}
