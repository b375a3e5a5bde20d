//! Rebuilding a projection beside writers: its live rows become what its events say, no write fails, and right rows stay right.
//!
//! | here | in `kumiko-seeds/src/events` |
//! |---|---|
//! | `ReadTheLast`, `ListWriters`, `WaitForWriters`, `Fold` | `settled_id` of `projections/backend/`, `fold.rs`, `reading.rs` |
//! | `Compare`, `FindLater`, `CommitIfEqual` | `projections/rebuild/`, with the SQL of `shape.rs` |
//! | `OpenShadow`, `FoldNext`, `KeepShadow`, `FoldRest` | `projections/rebuild/shared.rs` |
//! | `Lock`, `CatchUp`, `Merge` | `projections/rebuild/` and `backend/` |
//! | `Rebuilder`: chunks, passes, beginning anew | `projections/rebuild/` |
//! | `Writer` | `appending.rs`, and the `apply` of an app |
//!
//! **Writers**, each in a transaction at READ COMMITTED:
//!
//! 1. Insert the next event of a stream. It draws its id before the commit, so a lower id may become visible later.
//! 2. Write its row. This takes a lock of the table until the end of the transaction, and acts on the row as it is, or reads it
//!    FOR UPDATE before. An UPDATE that meets no row locks none.
//!
//! **Rows that belong to one stream each** are rebuilt in chunks of streams. Each chunk is a transaction at READ COMMITTED:
//!
//! 1. Fold the events of these streams into a temporary table, and note the last version of each.
//! 2. Compare it with the live rows. In the same statement, or in a later one, find the streams that have a newer event than was
//!    folded: a wrong row may have become equal to an outdated one. These, too, count as different.
//! 3. If none is different, commit. Nothing was locked.
//! 4. Lock the live table IN EXCLUSIVE MODE. That waits for whoever has written to it or has read it FOR UPDATE.
//! 5. In a new statement, so with a snapshot younger than the lock, apply the newer events of the streams that differ.
//! 6. Merge the rows of these streams, and no others. Commit, with the cursor and with whether the pass has changed a row.
//!
//! Whatever fails, the transaction is rolled back, and the chunk begun anew. When a whole pass has changed nothing, the rebuild
//! is done. It need not be a pass that found no difference: beside a busy writer there is always a newer event. The second
//! pass is a check: a chunk is right as soon as it is done.
//!
//! **Rows that are computed from several streams** are computed into a shadow that is kept, with the id up to which it has all events, and with
//! the ids above that one which it has. Each step begins with a fence:
//!
//! 1. Read the last id of the sequence. Then, and not before, list who has the writers' lock of the table of events. Wait
//!    until these transactions have ended. Each event up to that id is now committed, or never will be.
//! 2. Apply the next event up to that id to the shadow, and commit. Whatever dies, another goes on from there.
//! 3. If there is none, apply the events above it that the shadow does not have, and note their ids.
//! 4. Go on as with a chunk. Newer events are those above that id which the shadow does not have.
//!
//! **Invariant:** such a row comes out the same in any order of events of different streams. Live rows get them in the order of
//! locks, a replay in the order of ids, and a catch-up at last, whatever their ids.
//!
//! Left out: a projection of several tables, whose locks are taken one after another. A writer that has the second and wants the
//! first then waits in a circle with the rebuild. So does a merge that waits for a row of another table, by a foreign key. The
//! rebuild has to be the one that gives up: all its waits together are shorter than `deadlock_timeout`.

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
