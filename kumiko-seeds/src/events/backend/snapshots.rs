//! What snapshots of aggregates ask of a database: the original's table `kumiko_snapshots`.

use std::future::Future;

use crate::backend::Backend;
use crate::events::Stream;

/// The table of snapshots.
pub(in crate::events) const SNAPSHOTS: &str = "kumiko_snapshots";

/// What snapshots ask of a database. Its items are not for callers.
#[doc(hidden)]
pub trait SnapshotBackend: Backend {
    /// Creates the table of snapshots.
    const CREATE_SNAPSHOTS: &'static str;

    /// Loads the newest snapshot of a stream that is of this version of the state, and the events from its last one on; all events where there is
    /// none; no event if the stream is archived. Both are of one moment. There need not be a table of snapshots.
    fn load_from_snapshot(
        connection: &mut Self::Connection,
        stream: &Stream,
        snapshot_version: i32,
    ) -> impl Future<Output = sqlx::Result<FromSnapshot<Self>>> + Send;

    /// Saves a snapshot in the place of the others of the stream, and waits for nobody. It is not saved if somebody else is saving one or is
    /// deleting some, if the one that it was computed from is not there any more, and if the same aggregate of another tenant has its place.
    ///
    /// The table of snapshots has to be there.
    fn save_snapshot(
        connection: &mut Self::Connection,
        snapshot: &NewSnapshot<'_>,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Waits until no transaction is left that has saved a snapshot, and keeps others from saving one until the open transaction ends.
    fn keep_from_saving(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// What [`SnapshotBackend::load_from_snapshot`] has found.
#[doc(hidden)]
pub struct FromSnapshot<DB: Backend> {
    /// The tables of events on which row level security is active.
    pub secured: Vec<&'static str>,
    pub has_table: bool,
    /// The version of the last event that is in it, and the state as JSON.
    pub snapshot: Option<(i32, String)>,
    /// The events from that one on, with the columns of `EventBackend::LOAD`.
    pub events: Vec<DB::Row>,
}

/// A snapshot to be saved.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct NewSnapshot<'a> {
    pub stream: &'a Stream,
    /// The version of the last event that is in it.
    pub version: i32,
    /// The state as JSON.
    pub state: &'a str,
    /// The version of the state's shape.
    pub snapshot_version: i32,
    /// The version of the snapshot that it was computed from; 0 if it was computed from all events.
    pub since: i32,
}
