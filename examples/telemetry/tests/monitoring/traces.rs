//! Spans, as the trees that they are.

use std::collections::BTreeSet;
use std::fmt;

use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;

/// The spans of any number of traces, in the order of their beginning.
pub(crate) struct Traces {
    spans: Vec<SpanData>,
}

impl Traces {
    pub(crate) fn of(mut spans: Vec<SpanData>) -> Self {
        // Each is sent at its end. Those that begin at once stand in the order of their ends, the outer one last.
        spans.reverse();
        spans.sort_by_key(|span| span.start_time);
        Self { spans }
    }

    /// Each span of the library as the guide describes it: name, the one it is below, attributes.
    pub(crate) fn rows(&self) -> BTreeSet<Vec<String>> {
        let ours = self.spans.iter().filter(|span| is_ours(span));
        let row = |span: &SpanData| {
            let parent = self.parent(span).map(|parent| parent.name.to_string());
            let keys: Vec<String> = fields(span).map(|(key, _)| key).collect();
            vec![
                span.name.to_string(),
                parent.unwrap_or_default(),
                keys.join(", "),
            ]
        };
        ours.map(row).collect()
    }

    /// The names of the events in the first span of this name.
    pub(crate) fn events_of(&self, name: &str) -> Vec<&str> {
        let span = self.spans.iter().find(|span| span.name == name).unwrap();
        let events = span.events.iter();
        events.map(|event| &*event.name).collect()
    }

    fn parent(&self, span: &SpanData) -> Option<&SpanData> {
        let is_parent = |other: &&SpanData| other.span_context.span_id() == span.parent_span_id;
        self.spans.iter().find(is_parent)
    }

    fn write_below(
        &self,
        formatter: &mut fmt::Formatter<'_>,
        parent: SpanId,
        indent: usize,
    ) -> fmt::Result {
        for span in self
            .spans
            .iter()
            .filter(|span| span.parent_span_id == parent)
        {
            write!(formatter, "{:indent$}{}", "", span.name)?;
            for (key, value) in fields(span) {
                write!(formatter, " {key}={value}")?;
            }
            if matches!(span.status, Status::Error { .. }) {
                write!(formatter, ": failed")?;
            }
            writeln!(formatter)?;
            self.write_below(formatter, span.span_context.span_id(), indent + 2)?;
        }
        Ok(())
    }
}

/// A line for each span, below the one that it is in.
impl fmt::Display for Traces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_below(formatter, SpanId::INVALID, 0)
    }
}

fn is_ours(span: &SpanData) -> bool {
    let mut attributes = span.attributes.iter();
    attributes.any(|pair| pair.key.as_str() == "target" && pair.value.as_str() == "kumiko_seeds")
}

/// What the code says of a span, without what the layer adds to each: the place, the thread, the time that it was busy.
fn fields(span: &SpanData) -> impl Iterator<Item = (String, String)> {
    let attributes = span.attributes.iter();
    attributes
        .map(|pair| (pair.key.to_string(), pair.value.to_string()))
        .filter(|(key, _)| {
            !key.contains('.') && !["target", "busy_ns", "idle_ns"].contains(&&**key)
        })
}
