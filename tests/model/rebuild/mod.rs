//! A projection whose rows are made equal to what its events say, beside writers of the same rows.
//!
//! | here | in `kumiko-seeds/src/events/projections` |
//! |---|---|
//! | `Fold` | `fold_some` and `fold_all` of `rebuild.rs`, with `Fold::apply` |
//! | `Compare` | `differing_of`, `wrong_rows`, with the SQL of `shape.rs` |
//! | `FindLater` | `Fold::gone_on`, and `since` |
//! | `Lock` | `ProjectionBackend::lock_writers_out` |
//! | `CatchUp` | `Fold::catch_up`, and `since` |
//! | `Merge` | `repair`, and the commit with the cursor |
//! | `ReadTheLast`, `ListWriters`, `WaitForWriters` | `ProjectionBackend::settled_id` |
//!
//! A writer inserts an event, which draws an id, and writes its row in the same transaction. Ids may be committed in another order
//! than they were drawn. A statement of a transaction sees what was committed before the statement began.
//!
//! Where each row is computed from one stream, a transaction makes the rows of a chunk of streams right:
//!
//! 1. **Fold** the events of each stream, and remember the version it was read up to.
//! 2. **Compare** with the rows, without a lock, and then find the streams that have gone on since they were read. Those count as different, too.
//! 3. None differs: done. Otherwise **lock** the table against writers.
//! 4. **Catch up**: apply to what was computed the events that have come to the streams that differ, by version.
//! 5. **Merge**: make the rows that differ as they were computed, and commit.
//!
//! Where a row is computed from several streams, there is one chunk, and events are read in the order of ids. Before the fold, read the last
//! id that was drawn, list who writes events, and wait until they have ended: whatever comes to be seen later has a greater id. The catch-up
//! is of those with greater ids that were not folded.
//!
//! Chunks are gone through again until a pass has changed nothing. The process may die, or give up waiting, at any point: the chunk is begun
//! anew. That a row is right as soon as its chunk is done says more than that it is right at the end.

mod by_stream;
mod checked;
mod database;
mod protocol;
mod rebuilder;
mod several_streams;
mod writer;

const AT_THE_END: &str = "at the end every row is what its events say";
const AT_ONCE: &str = "a row is what its events say as soon as its chunk is done";
const STAYS: &str = "a row that is right stays right";
const UNHARMED: &str = "no writer fails because of the rebuild";

/// How many events each may write.
const MORE_WRITERS: [&[usize]; 2] = [&[2, 2], &[1, 1, 1]];
