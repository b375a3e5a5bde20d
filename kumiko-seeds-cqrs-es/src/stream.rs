//! The events of an aggregate, as cqrs-es stores and reads them.

use std::collections::HashMap;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use cqrs_es::{Aggregate, EventEnvelope};

use crate::ExecuteError;

/// An aggregate as its events have made it.
pub(crate) struct Loaded<A> {
    pub(crate) aggregate: A,
    /// The sequence of its last event; 0 if there is none.
    pub(crate) sequence: usize,
}

impl<A: Aggregate> Loaded<A> {
    /// The aggregate after all of its `events`, in order.
    pub(crate) fn from_events(
        events: Vec<SerializedEvent>,
        upcasters: &[Box<dyn EventUpcaster>],
    ) -> Result<Self, ExecuteError> {
        let mut loaded = Self {
            aggregate: A::default(),
            sequence: 0,
        };
        for event in events {
            let what = what::<A>(&event.aggregate_id, event.sequence);
            let envelope = EventEnvelope::<A>::try_from(upcast(event, upcasters))
                .map_err(|source| ExecuteError::Unreadable { what, source })?;
            loaded.sequence = envelope.sequence;
            loaded.aggregate.apply(envelope.payload);
        }
        Ok(loaded)
    }
}

/// Each upcaster gets what the one before it has made.
fn upcast(event: SerializedEvent, upcasters: &[Box<dyn EventUpcaster>]) -> SerializedEvent {
    upcasters.iter().fold(event, |event, upcaster| {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            upcaster.upcast(event)
        } else {
            event
        }
    })
}

/// New `events` after the one of sequence `last`.
pub(crate) fn envelopes<A: Aggregate>(
    aggregate_id: &str,
    last: usize,
    events: Vec<A::Event>,
    metadata: &HashMap<String, String>,
) -> Vec<EventEnvelope<A>> {
    let envelope = |(payload, sequence)| EventEnvelope {
        aggregate_id: aggregate_id.to_owned(),
        sequence,
        payload,
        metadata: metadata.clone(),
    };
    events.into_iter().zip(last + 1..).map(envelope).collect()
}

/// An event as it is stored.
pub(crate) fn serialized<A: Aggregate>(
    event: &EventEnvelope<A>,
) -> Result<SerializedEvent, ExecuteError> {
    SerializedEvent::try_from(event).map_err(|source| ExecuteError::Unwritable {
        what: what::<A>(&event.aggregate_id, event.sequence),
        source,
    })
}

fn what<A: Aggregate>(aggregate_id: &str, sequence: usize) -> String {
    format!("event {sequence} of {} {aggregate_id}", A::TYPE)
}
