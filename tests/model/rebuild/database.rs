//! What is committed, and what transactions of writers have done so far.

/// How many streams there are, and rows at most.
pub(super) const STREAMS: usize = 2;

/// Which events a row is computed from. Each event adds one to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Those of one stream.
    OneStream,
    /// Those of all streams.
    AllStreams,
}

impl Source {
    /// The row of a stream.
    pub(super) fn row(self, stream: usize) -> usize {
        match self {
            Self::OneStream => stream,
            Self::AllStreams => 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Database {
    /// By id. Of a transaction that was rolled back nothing is left but the id.
    events: Vec<Option<Event>>,
    pub(super) rows: [Row; STREAMS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Event {
    pub(super) stream: usize,
    pub(super) version: usize,
    /// Whose transaction is to commit it.
    writer: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// How many events it says there are.
    pub(super) committed: Option<usize>,
    /// What a transaction that has locked it makes of it.
    pub(super) change: Option<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub(super) writer: usize,
    pub(super) becomes: Option<usize>,
}

impl Database {
    /// A database with an event of the first stream, and these rows.
    pub(super) fn new(rows: [Option<usize>; STREAMS]) -> Self {
        Self {
            events: vec![Some(Event {
                stream: 0,
                version: 1,
                writer: None,
            })],
            rows: rows.map(|committed| Row {
                committed,
                change: None,
            }),
        }
    }

    /// Inserts the next event of a stream, which draws an id; waits while another transaction has inserted it.
    pub(super) fn insert(&mut self, stream: usize, writer: usize) -> Option<usize> {
        let others = |event: &Event| event.writer.is_some_and(|other| other != writer);
        if self.of(stream).any(|(_, event)| others(&event)) {
            return None;
        }
        let version = self.of(stream).count() + 1;
        self.events.push(Some(Event {
            stream,
            version,
            writer: Some(writer),
        }));
        Some(self.last_id())
    }

    pub(super) fn last_id(&self) -> usize {
        self.events.len() - 1
    }

    pub(super) fn event(&self, id: usize) -> Option<Event> {
        self.events.get(id).copied().flatten()
    }

    /// What a new snapshot sees.
    pub(super) fn committed(&self) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        events
            .filter(|(_, event)| event.is_some_and(|event| event.writer.is_none()))
            .map(|(id, _)| id)
            .collect()
    }

    pub(super) fn has_open_event(&self, writer: usize) -> bool {
        let mut events = self.events.iter().flatten();
        events.any(|event| event.writer == Some(writer))
    }

    pub(super) fn commit(&mut self, writer: usize) {
        for event in self.events.iter_mut().flatten() {
            event.writer = event.writer.filter(|open| *open != writer);
        }
        for row in &mut self.rows {
            if let Some(change) = row.change.take_if(|change| change.writer == writer) {
                row.committed = change.becomes;
            }
        }
    }

    pub(super) fn roll_back(&mut self, writer: usize) {
        for event in &mut self.events {
            event.take_if(|event| event.writer == Some(writer));
        }
        for row in &mut self.rows {
            row.change.take_if(|change| change.writer == writer);
        }
    }

    /// Whether a row is what the committed events say.
    pub(super) fn is_right(&self, source: Source, row: usize) -> bool {
        let ids = self.committed();
        self.rows[row].committed == self.computed(source, row, &ids)
    }

    /// The row as these events say.
    pub(super) fn computed(&self, source: Source, row: usize, ids: &[usize]) -> Option<usize> {
        let events = ids.iter().filter_map(|id| self.event(*id));
        let count = events
            .filter(|event| source.row(event.stream) == row)
            .count();
        (count > 0).then_some(count)
    }

    fn of(&self, stream: usize) -> impl Iterator<Item = (usize, Event)> {
        let events = self.events.iter().enumerate();
        events
            .filter_map(|(id, event)| event.map(|event| (id, event)))
            .filter(move |(_, event)| event.stream == stream)
    }
}
