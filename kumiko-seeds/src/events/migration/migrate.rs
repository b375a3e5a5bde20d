//! A step of a migration of streams, in the transaction of a seed.

use std::error::Error;
use std::sync::Arc;

use super::cursor::StreamCursor;
use super::error::MigrationError;
use super::finding;
use super::new_streams::NewStreams;
use super::old_stream::OldStream;
use super::streams::{Handling, Streams, Unread};
use super::{in_place, kept};
use crate::events::aggregates::forget_snapshots_of;
use crate::events::consumers::{behind, has_consumers};
use crate::events::projections::reproject;
use crate::events::{EventBackend, Handlers, Stream};
use crate::progress::TARGET;
use crate::{App, Batch, BatchResult, CountResult, DryRunMigration, Journal, Parts, SeedContext};

/// What the `migrate` of a migration returns: nothing, or any error, which rolls the step back.
pub type MigrateResult = Result<(), Box<dyn Error + Send + Sync>>;

impl<DB: EventBackend> SeedContext<'_, DB> {
    /// Migrates the next `limit` of `streams`: the `batch` of a seed of many steps.
    ///
    /// `migrate` says what becomes of a stream. It is called for each, more than once if somebody appends to the stream meanwhile.
    ///
    /// By default the old stream is kept. In one transaction the new events are written, with `created_at`, user and metadata of the old ones and
    /// with where they come from (`migratedFrom`); the old stream gets a last event, `kumiko:stream-migrated`, that says where it went, and is
    /// archived; the rows of projections that are computed from one aggregate each become those of the new streams; snapshots are
    /// dropped. Whoever appends to the old stream at the same time comes before, and is migrated with it, or is refused, as one who meets a version
    /// conflict or an archived stream. With [`Streams::in_place`] nothing of the old events is kept.
    ///
    /// An idempotency key goes with its event to another tenant. In the same tenant the old event keeps it, since keys are unique there and it goes on
    /// guarding; the new one has it in `migratedFrom`.
    ///
    /// Of projections whose rows are computed from many aggregates the log names those that take events of such streams, which are right after
    /// their next rebuild.
    ///
    /// # Errors
    /// A [`MigrationError`], boxed: if `migrate` fails, if a new stream has events already, or if consumers have not read the old events. The
    /// step is undone.
    pub async fn migrate_streams<M>(
        &mut self,
        streams: &Streams,
        after: Option<StreamCursor>,
        limit: u32,
        mut migrate: M,
    ) -> BatchResult<StreamCursor>
    where
        M: FnMut(&OldStream, &mut NewStreams) -> MigrateResult + Send,
    {
        let mut work = self.begin("migrating streams");
        let handlers = work.app::<Arc<Handlers<DB>>>();
        let seed = work.seed();
        let migrated = match (handlers, work.parts().await) {
            (None, _) => Err(MigrationError::NoHandlers),
            (_, Err(error)) => Err(error.into()),
            (Some(handlers), Ok(parts)) => {
                let mut step = Step::of(parts, handlers, seed);
                step.migrate(streams, after, limit, &mut migrate).await
            }
        };
        Ok(work.ended(migrated)?)
    }

    /// How many streams there are to be migrated: the `count` of a seed of many steps.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_streams(&mut self, streams: &Streams) -> CountResult {
        let seed = self.id();
        let connection = self.parts().connection;
        Ok(finding::count::<DB>(connection, streams, seed).await?)
    }
}

/// What a step works with.
pub(super) struct Step<'a, 'c, DB: EventBackend> {
    pub(super) connection: &'a mut DB::Connection,
    pub(super) identity: &'c DB::Identity,
    pub(super) journal: &'a mut Journal,
    pub(super) handlers: &'a Handlers<DB>,
    /// Whose seeds these are.
    pub(super) app: &'c App,
    /// The id of the seed.
    pub(super) seed: &'a str,
}

impl<'a, 'c, DB: EventBackend> Step<'a, 'c, DB> {
    pub(super) fn of(parts: Parts<'a, 'c, DB>, handlers: &'a Handlers<DB>, seed: &'a str) -> Self {
        let Parts {
            connection,
            app,
            identity,
            journal,
            ..
        } = parts;
        // Projections are code of the app's.
        journal.note_handed_out();
        Self {
            connection,
            identity,
            journal,
            handlers,
            app,
            seed,
        }
    }

    async fn migrate<M>(
        &mut self,
        streams: &Streams,
        after: Option<StreamCursor>,
        limit: u32,
        migrate: &mut M,
    ) -> Result<Batch<StreamCursor>, MigrationError>
    where
        M: FnMut(&OldStream, &mut NewStreams) -> MigrateResult + Send,
    {
        self.handlers.can_archive()?;
        if after.is_none() && streams.unread == Unread::Refused {
            self.check_consumers(streams).await?;
        }
        if streams.handling == Handling::InPlace {
            in_place::lock_writers_out(self).await?;
        }
        if self.journal.asks_for_migration() {
            let sizes = finding::sizes::<DB>(self.connection, streams, self.seed, after);
            let [streams, events] = sizes.await?;
            let migration = DryRunMigration::new(streams, events);
            self.journal.note_migration(migration);
        }
        let next = finding::next::<DB>(self.connection, streams, self.seed, after, limit).await?;
        let mut asked = |old: &OldStream| {
            let mut new = NewStreams::default();
            let stream = || Box::new(old.stream.clone());
            migrate(old, &mut new).map_err(|source| MigrationError::Refused {
                stream: stream(),
                source,
            })?;
            Ok(new)
        };
        let (mut touched, mut closed) = (next.clone(), Vec::new());
        for stream in &next {
            match streams.handling {
                Handling::Kept => {
                    if let Some(became) = kept::migrate_one(self, stream, &mut asked).await? {
                        closed.push(stream.clone());
                        touched.extend(became);
                    }
                }
                Handling::InPlace => {
                    touched.extend(in_place::migrate_one(self, stream, &mut asked).await?);
                }
            }
        }
        if !closed.is_empty() {
            kept::archive(self, &closed).await?;
        }
        forget_snapshots_of::<DB>(self.connection, &next).await?;
        let left = self.reproject(&touched).await?;
        if after.is_none() && !left.is_empty() {
            let projections = left.join(", ");
            tracing::warn!(
                target: TARGET, id = self.seed, %projections,
                "rows of these projections are computed from many aggregates; rebuild them once the streams are migrated"
            );
        }
        Ok(Batch::new(next.last().map(StreamCursor::of), next.len()))
    }

    /// Fails if a consumer of the original has yet to read events of the streams.
    async fn check_consumers(&mut self, streams: &Streams) -> Result<(), MigrationError> {
        if !has_consumers::<DB>(self.connection).await? {
            return Ok(());
        }
        let last = finding::last_event::<DB>(self.connection, streams, self.seed).await?;
        match behind::<DB>(self.connection, last).await? {
            consumers if consumers.is_empty() => Ok(()),
            consumers => Err(MigrationError::Unread { consumers, last }),
        }
    }

    /// Computes the rows of streams anew, and gives the projections of which that cannot be done.
    pub(super) async fn reproject(
        &mut self,
        streams: &[Stream],
    ) -> Result<Vec<String>, MigrationError> {
        Ok(reproject(self.connection, self.handlers, streams).await?)
    }
}
