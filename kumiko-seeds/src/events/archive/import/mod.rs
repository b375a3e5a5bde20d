//! Brings streams back that were exported when they were purged.
//!
//! `reading`: what stands in the lines, some events at a time. `storing`: the only SQL of it.

mod reading;
mod storing;

use std::io;

use sqlx::Pool;

use self::reading::{Block, Reading};
use self::storing::{check_ids, store, take};
use super::settled::commit;
use crate::events::{EventBackend, EventStoreError, Handlers, Stream};

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many streams. Each is archived.
    pub streams: u64,
    /// How many events.
    pub events: u64,
    /// How many events were there already, exactly as they were exported.
    pub known: u64,
    /// Whether the export ends in the middle of a stream, which is left out: the export was interrupted there, before anything of that stream was deleted.
    pub is_cut_off: bool,
}

/// Why streams could not be imported. Of what stands before in the export the most is imported, each stream as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The export could not be read.
    #[error("line {line} cannot be read")]
    Unreadable {
        /// Which line, counted from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line is not what stands at its place in an export.
    #[error("line {line} is not of an export of streams: {problem}")]
    Malformed {
        /// Which line, counted from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The database has other events of the stream, or of the same ids.
    #[error(
        "stream {} {} of tenant {} or the ids of its events are taken by other events",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    Taken {
        /// The stream.
        stream: Stream,
    },
    /// The stream is in use: it has events, and is not archived.
    #[error(
        "stream {} {} of tenant {} is in use, so it is not imported",
        stream.aggregate_type, stream.aggregate_id, stream.tenant_id
    )]
    InUse {
        /// The stream.
        stream: Stream,
    },
    /// An event has an id that the database has not reached, so it is of another database, and its id would be given once more.
    #[error("event {id} is not of this database, whose last event is {last}")]
    OtherDatabase {
        /// The event.
        id: i64,
        /// The last id that the database has given.
        last: i64,
    },
    /// The database failed.
    #[error("the streams could not be stored")]
    Store {
        /// Its error.
        #[from]
        source: EventStoreError,
    },
}

impl From<sqlx::Error> for ImportError {
    fn from(source: sqlx::Error) -> Self {
        Self::Store {
            source: source.into(),
        }
    }
}

/// How many events are stored at a time.
const PAGE: usize = 1_000;

impl<DB: EventBackend> Handlers<DB> {
    /// Brings streams back, from the lines that a purge has exported. They have their ids, versions and times again, and stay archived;
    /// [`Handlers::restore_streams`] makes them live.
    ///
    /// Short streams share a transaction, a thousand events in each; a long one has its own. What is there already is left as it is, so whatever was interrupted
    /// can be done again from its beginning.
    ///
    /// # Errors
    /// Those of [`ImportError`].
    pub async fn import_streams(
        &self,
        pool: &Pool<DB>,
        lines: impl IntoIterator<Item = io::Result<String>, IntoIter: Send> + Send,
    ) -> Result<Imported, ImportError> {
        let mut connection = pool.acquire().await?;
        let mut reading = Reading::of(lines.into_iter());
        let mut imported = Imported::default();
        let mut short = Vec::new();
        let mut events = 0;
        let read = loop {
            let block = match reading.block(PAGE) {
                Ok(Some(block)) => block,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            if block.is_whole {
                events += block.events.len();
                short.push(block);
            } else {
                import_long::<DB>(&mut connection, block, &mut reading, &mut imported).await?;
            }
            if events >= PAGE {
                import::<DB>(&mut connection, &short, &mut imported).await?;
                short.clear();
                events = 0;
            }
        };
        import::<DB>(&mut connection, &short, &mut imported).await?;
        imported.is_cut_off = reading.is_cut_off();
        read.map(|()| imported)
    }
}

/// Imports streams that are here as a whole.
async fn import<DB: EventBackend>(
    connection: &mut DB::Connection,
    blocks: &[Block],
    imported: &mut Imported,
) -> Result<(), ImportError> {
    if blocks.is_empty() {
        return Ok(());
    }
    let (mut transaction, identity) = DB::begin(connection).await?;
    check_ids::<DB>(&mut transaction, blocks).await?;
    take::<DB>(&mut transaction, blocks).await?;
    let stored = store::<DB>(&mut transaction, blocks).await?;
    commit::<DB>(transaction, &identity).await?;
    let events: usize = blocks.iter().map(|block| block.events.len()).sum();
    imported.add(blocks.len(), events, stored);
    Ok(())
}

/// Imports a stream of which this is the beginning.
async fn import_long<DB: EventBackend>(
    connection: &mut DB::Connection,
    mut block: Block,
    reading: &mut Reading<impl Iterator<Item = io::Result<String>> + Send>,
    imported: &mut Imported,
) -> Result<(), ImportError> {
    let (mut transaction, identity) = DB::begin(connection).await?;
    take::<DB>(&mut transaction, std::slice::from_ref(&block)).await?;
    let (mut events, mut stored) = (0, 0);
    loop {
        let page = std::slice::from_ref(&block);
        check_ids::<DB>(&mut transaction, page).await?;
        stored += store::<DB>(&mut transaction, page).await?;
        events += block.events.len();
        if block.is_whole {
            break;
        }
        match reading.rest(block.mark, events, PAGE)? {
            Some(rest) => block = rest,
            // Dropped with its transaction.
            None => return Ok(()),
        }
    }
    commit::<DB>(transaction, &identity).await?;
    imported.add(1, events, stored);
    Ok(())
}

impl Imported {
    fn add(&mut self, streams: usize, events: usize, stored: usize) {
        self.streams += streams as u64;
        self.events += stored as u64;
        self.known += (events - stored) as u64;
    }
}
