//! One step of a replay: delivers some events, and gives how far it has come.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::operation::letters_of;
use super::range::Range;
use super::{Reactor, ReplayError};
use crate::Batch;
use crate::causes::with_causes;
use crate::events::projections::{may_be_set_aside, set_aside, take_back};
use crate::events::{EventBackend, EventPlace, Handlers, StoredEvent};
use crate::progress::TARGET;

/// How long a step waits for transactions that are writing events.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a replay is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The id of the last event that was delivered.
    after: i64,
    /// The id of the last event that is, fixed when the replay begins.
    to: Option<i64>,
    /// How often it has waited for somebody who was writing events, before that was known.
    #[serde(default)]
    waited: u32,
    /// Why it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Cursor {
    /// Before the first event.
    pub(super) fn begun(reason: Option<String>) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }
}

/// What becomes of an event at which the reactor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// The replay stops before it.
    Stops,
    /// It is set aside.
    SetAside,
}

/// What a step is asked for.
pub(super) struct Asked<'a, DB: EventBackend> {
    /// The operation.
    pub(super) id: &'a str,
    pub(super) handlers: &'a Handlers<DB>,
    pub(super) reactor: &'a Reactor,
    pub(super) range: Range<'a>,
    /// How many events to deliver at most.
    pub(super) limit: u32,
    pub(super) failing: Failing,
}

/// Delivers the next events after `cursor`, one after another.
///
/// **Invariant:** the cursor never passes an event that was not delivered or set aside. It is committed after the deliveries of its step, so
/// whatever ends the process in between has those delivered again.
pub(super) async fn step<DB: EventBackend>(
    connection: &mut DB::Connection,
    asked: Asked<'_, DB>,
    mut cursor: Cursor,
) -> Result<Batch<Cursor>, ReplayError> {
    let Some(to) = last_id::<DB>(connection, &cursor).await? else {
        cursor.waited += 1;
        tracing::info!(target: TARGET, id = asked.id, times = cursor.waited, "a transaction that writes events is waited for");
        return Ok(Batch::new(Some(cursor), 0));
    };
    cursor.to = Some(to);
    let events = asked
        .range
        .load::<DB>(connection, cursor.after, to, asked.limit);
    let events = events.await?;
    let found = events.len();
    let begun = Instant::now();
    let (mut delivered, mut failed) = (Vec::new(), Vec::new());
    let items =
        |delivered: &[i64], failed: &[(StoredEvent, String)]| delivered.len() + failed.len();
    for event in events {
        let id = event.id;
        match asked.deliver(event.clone()).await {
            Ok(()) => delivered.push(id),
            Err(error) if asked.sets_aside(&error) => failed.push((event, why(&error))),
            Err(error) if items(&delivered, &failed) == 0 => return Err(error),
            // What was delivered before it is committed first, and not delivered again.
            Err(_) => break,
        }
        cursor.after = id;
        // A slow reactor is to be heard of soon, and whoever waits for the step is not to wait for all that it was asked for.
        if begun.elapsed() >= DB::STEP_TIME {
            break;
        }
    }
    let letters = letters_of(asked.reactor.name());
    let kept = take_back::<DB>(connection, &letters, &delivered).await;
    kept.map_err(|source| ReplayError::SetAside { source })?;
    let kept = set_aside::<DB>(connection, &letters, &failed).await;
    kept.map_err(|source| ReplayError::SetAside { source })?;
    let items = items(&delivered, &failed);
    let has_more = items < found || u64::from(asked.limit) <= found as u64;
    Ok(Batch::new(has_more.then_some(cursor), items))
}

/// The id of the last event of the replay; none if somebody who is writing events may yet commit one with a lower id.
///
/// **Invariant:** it is fixed before the first event is delivered, and no event with a lower id can come to be seen afterwards. So none is
/// passed over, and the replay ends however many events are appended meanwhile.
async fn last_id<DB: EventBackend>(
    connection: &mut DB::Connection,
    cursor: &Cursor,
) -> Result<Option<i64>, ReplayError> {
    if cursor.to.is_some() {
        return Ok(cursor.to);
    }
    let settled = DB::settled_id(connection, PATIENCE).await;
    settled.map_err(ReplayError::database("find out which ids are settled"))
}

impl<DB: EventBackend> Asked<'_, DB> {
    async fn deliver(&self, event: StoredEvent) -> Result<(), ReplayError> {
        let place = EventPlace::of(&event);
        let delivered = match self.handlers.upcast(event) {
            Ok(event) => self.reactor.react_again(event, self.id).await,
            Err(error) => Err(error.into()),
        };
        delivered.map_err(|source| ReplayError::Failed {
            reactor: self.reactor.name().to_owned(),
            event: Box::new(place),
            source,
        })
    }

    fn sets_aside(&self, error: &ReplayError) -> bool {
        self.failing == Failing::SetAside && may_be_set_aside::<DB>(error)
    }
}

/// Why an event is set aside, in a line. Which it is stands beside it.
fn why(error: &ReplayError) -> String {
    match error {
        ReplayError::Failed { source, .. } => with_causes(source.as_ref()),
        error => with_causes(error),
    }
}
