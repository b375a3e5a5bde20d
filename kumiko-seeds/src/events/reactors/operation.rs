//! Replays as operations: done in steps, steered and recorded as seeds are.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::range::{EventCount, Range};
use super::step::{Asked, Cursor, Failing, step};
use super::{Replay, ReplayError};
use crate::events::operations::{free, in_steps};
use crate::events::projections::{Quarantine, list};
use crate::events::{EventBackend, Handlers, SetAside};
use crate::{
    BatchResult, CountResult, Error, Parts, ProgressState, SeedCode, SeedContext, SeedRunner,
    Steering, read_cursor,
};

/// Why a replay was asked for; kept among the values of a runner.
struct Reason(Option<String>);

impl<DB: EventBackend> SeedRunner<DB> {
    /// A runner whose [`SeedRunner::work`] delivers events to a reactor again, and does nothing else. The ledger gets a row of the type
    /// `event-replay`, which says what was asked for, how many events there were, and why.
    ///
    /// Which events those are is fixed when the replay begins: no event is passed over that was being written then, and none is delivered
    /// that is appended later. Archived streams are left out. They are delivered one after another in the order of their ids, each **at least once**: a
    /// step commits how far it is after it has delivered, so after a crash the events of the step in flight are delivered again. A step ends
    /// after half a second on PostgreSQL, a tenth on SQLite, or with the event that took longer.
    ///
    /// At an event with which the reactor fails the replay fails. Asked for once more, or after a
    /// [retry](crate::Steering::Retry), it goes on with that event. With [`SeedRunner::quarantine`] it sets the event aside and goes
    /// on; [`Handlers::set_aside_by_reactor`] lists those, and a later replay that delivers one takes it off the list.
    ///
    /// A replay that was interrupted goes on when the same is asked for again, whatever the reason is said to be. One that was cancelled begins anew.
    ///
    /// # Errors
    /// [`Error::Replay`] if there is no such reactor, it does not [allow it](super::Reactor::replayable), or takes no such events; otherwise if
    /// the ledger cannot be read.
    pub async fn replaying(self, pool: &Pool<DB>, replay: &Replay) -> Result<Self, Error> {
        let name = &replay.reactor;
        let handlers = self
            .write_side()
            .ok_or_else(|| ReplayError::unknown(name, std::iter::empty()))?;
        Range::of(handlers.replayable(name)?, replay)?;
        let history = self.ledger(pool).history().await?;
        let id = free((1..).map(|number| replay.id(number)), &history);
        let under_way = history.progress.iter().find(|progress| progress.id == id);
        let before: Option<Cursor> =
            under_way.and_then(|it| read_cursor(it.cursor.as_deref()).ok().flatten());
        // Whoever goes on with it need not know why it was begun.
        let reason = before.and_then(|cursor| cursor.reason);
        let reason = reason.or_else(|| replay.reason.clone());
        let description = match &reason {
            Some(reason) => format!("Deliver events to the reactor {name} again: {reason}"),
            None => format!("Deliver events to the reactor {name} again"),
        };
        let code = SeedCode::Batch {
            count: Some(count::<DB>),
            batch: batch::<DB>,
        };
        let operation = in_steps(id, description, code);
        let steering = match under_way.map(|progress| progress.state) {
            Some(ProgressState::Failed) => Some(Steering::Retry),
            Some(ProgressState::Cancelled) => Some(Steering::Restart(operation.info())),
            _ => None,
        };
        if let Some(steering) = steering {
            self.ledger(pool).steer(id, steering).await?;
        }
        Ok(self
            .with(Reason(reason))
            .with_operations_alone(vec![operation]))
    }
}

impl<DB: EventBackend> Handlers<DB> {
    /// How many events a replay would deliver if it began now, by their types.
    ///
    /// # Errors
    /// As [`SeedRunner::replaying`].
    pub async fn count_replay(
        &self,
        pool: &Pool<DB>,
        replay: &Replay,
    ) -> Result<Vec<EventCount>, ReplayError> {
        let range = Range::of(self.replayable(&replay.reactor)?, replay)?;
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(ReplayError::database("get a connection"))?;
        range.count::<DB>(&mut connection).await
    }

    /// The events that replays to the reactor `name` have set aside, in the order in which they were. None where there is no table of them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn set_aside_by_reactor(
        &self,
        pool: &Pool<DB>,
        name: &str,
    ) -> Result<Vec<SetAside>, ReplayError> {
        let connection = pool.acquire().await;
        let mut connection = connection.map_err(ReplayError::database("get a connection"))?;
        let listed = list::<DB>(&mut connection, &letters_of(name)).await;
        listed.map_err(|source| ReplayError::SetAside { source })
    }
}

/// As what the table of events that are set aside knows a reactor. No projection can have that name.
pub(super) fn letters_of(reactor: &str) -> String {
    format!("reactor:{reactor}")
}

fn count<'a, DB: EventBackend>(context: &'a mut SeedContext<'_, DB>) -> BoxFuture<'a, CountResult> {
    Box::pin(async move {
        let (handlers, replay) = asked_for(context)?;
        let range = Range::of(handlers.replayable(&replay.reactor)?, &replay)?;
        let counts = range.count::<DB>(context.parts().connection).await?;
        Ok(counts.iter().map(|count| count.events).sum())
    })
}

fn batch<'a, DB: EventBackend>(
    context: &'a mut SeedContext<'_, DB>,
    cursor: Option<&'a str>,
    limit: u32,
) -> BoxFuture<'a, BatchResult<String>> {
    Box::pin(async move {
        let (handlers, replay) = asked_for(context)?;
        let reactor = handlers.replayable(&replay.reactor)?;
        let failing = match context.app::<Quarantine>() {
            Some(Quarantine) => Failing::SetAside,
            None => Failing::Stops,
        };
        let cursor = match read_cursor(cursor)? {
            Some(cursor) => cursor,
            None => Cursor::begun(context.app().and_then(|Reason(reason)| reason.clone())),
        };
        let asked = Asked {
            id: context.id(),
            handlers: &handlers,
            reactor,
            range: Range::of(reactor, &replay)?,
            limit,
            failing,
        };
        let mut work = context.begin(format!("the delivery to the reactor {:?}", reactor.name()));
        let stepped = match work.parts().await {
            Ok(Parts { connection, .. }) => step::<DB>(connection, asked, cursor).await,
            Err(error) => return Err(work.failed(error).into()),
        };
        work.ended(stepped)?.written()
    })
}

/// The app's write side, and what the operation is about.
fn asked_for<DB: EventBackend>(
    context: &SeedContext<'_, DB>,
) -> Result<(Arc<Handlers<DB>>, Replay), ReplayError> {
    let id = context.id();
    let replay = Replay::of(id).ok_or_else(|| ReplayError::Unreadable { id: id.to_owned() })?;
    match context.app::<Arc<Handlers<DB>>>() {
        Some(handlers) => Ok((handlers.clone(), replay)),
        None => Err(ReplayError::unknown(&replay.reactor, std::iter::empty())),
    }
}
