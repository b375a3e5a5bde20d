//! What a migration makes of a stream.

use super::migrated_event::MigratedEvent;
use crate::events::{StoredEvent, Stream};

/// The streams that one old stream becomes: one in most cases, several if it is split, none if all of its events are dropped.
#[derive(Clone, Debug, Default)]
pub struct NewStreams {
    pub(super) streams: Vec<(Stream, Vec<MigratedEvent>)>,
}

impl NewStreams {
    /// The new stream `stream`, to be filled. It must have no events, but those that this call was asked for before.
    pub fn stream(&mut self, stream: Stream) -> NewStream<'_> {
        let known = self.streams.iter().position(|(known, _)| *known == stream);
        let index = known.unwrap_or(self.streams.len());
        if known.is_none() {
            self.streams.push((stream, Vec::new()));
        }
        NewStream {
            events: &mut self.streams[index].1,
        }
    }
}

/// A new stream. Its events get the versions 1, 2, 3 … in the order in which they come here.
#[derive(Debug)]
pub struct NewStream<'a> {
    events: &'a mut Vec<MigratedEvent>,
}

impl NewStream<'_> {
    /// Takes an event over as it is.
    pub fn keep(&mut self, event: &StoredEvent) {
        self.append(MigratedEvent::of(event));
    }

    /// Takes events over as they are.
    pub fn all<'e>(&mut self, events: impl IntoIterator<Item = &'e StoredEvent>) {
        self.events
            .extend(events.into_iter().map(MigratedEvent::of));
    }

    /// Appends an event that is made of old ones.
    pub fn append(&mut self, event: MigratedEvent) {
        self.events.push(event);
    }
}
