//! What an app says of the state of an aggregate.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::events::StoredEvent;

/// What [`Aggregate::apply`] returns: nothing, or any error.
pub type AggregateResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The state of an aggregate, as far as handlers decide by it. [`WriteContext::load_aggregate`](super::super::WriteContext::load_aggregate)
/// computes it from the events of a stream.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod app {
/// use kumiko_seeds::events::{Aggregate, AggregateResult, HandlerResult, NewEvent, StoredEvent};
/// use kumiko_seeds::sqlite::WriteContext;
/// use serde::{Deserialize, Serialize};
/// use uuid::Uuid;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Account {
///     balance: i64,
/// }
///
/// impl Aggregate for Account {
///     const SNAPSHOT_EVERY: Option<u32> = Some(100);
///
///     fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
///         let amount = event.payload["amount"].as_i64().ok_or("there is no amount")?;
///         match event.event_type.as_str() {
///             "deposited" => self.balance += amount,
///             "withdrawn" => self.balance -= amount,
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Withdraw {
///     account: Uuid,
///     amount: i64,
/// }
///
/// async fn withdraw(mut write: WriteContext<'_>, payload: Withdraw) -> HandlerResult {
///     let stream = write.stream("account", payload.account);
///     let (account, version) = write.load_aggregate::<Account>(&stream).await?;
///     if account.balance < payload.amount {
///         return Err("the account has not that much".into());
///     }
///     write.append(&stream, version, [NewEvent::new("withdrawn", &payload)]).await?;
///     Ok(())
/// }
/// # }
/// ```
///
/// # Snapshots
///
/// By default all events are read at each load. With [`SNAPSHOT_EVERY`](Self::SNAPSHOT_EVERY) a load that has applied so many events saves the
/// state in the original's table `kumiko_snapshots`, in the transaction of the handler, and the next load begins there.
/// [`create_event_tables`](super::super::create_event_tables) creates the table; without it loads read all events, and save nothing. A role needs
/// the rights to SELECT, INSERT, UPDATE and DELETE on it.
///
/// A snapshot is never more than a shortcut. It is used if it is of the stream's tenant and aggregate type and of
/// [`SNAPSHOT_VERSION`](Self::SNAPSHOT_VERSION), if serde can read it, and if the stream still has the event that it ends with. If not, all events
/// are read. It takes the place of the earlier ones, but not that of another tenant: the key of the table is without the tenant, so of
/// two tenants with an aggregate of the same id one may have to do without.
///
/// So serde has to bring back the whole state: a field that it skips would be empty after a load from a snapshot.
///
/// Saving waits for nobody: where another transaction is saving one of the same aggregate, this one goes on without.
///
/// - **The state is computed or kept otherwise:** raise `SNAPSHOT_VERSION`. Snapshots of other versions are ignored. A release that is
///   still running goes on with its own; it does not replace those of a greater version.
/// - **Snapshots are in doubt:** [`forget_snapshots`](super::super::forget_snapshots) deletes them, and so does a rebuild of an aggregate or of a
///   tenant, [`SeedRunner::rebuilding_part`](crate::SeedRunner::rebuilding_part). The next load computes them anew.
/// - **Two types for one aggregate type:** let one of them keep snapshots, or give them different versions, since the table knows no names
///   of types. That also goes for the original in the same database: agree on the JSON of the state, or on another `SNAPSHOT_VERSION`.
/// - **Another event store:** loads from an [`EventStore`](super::super::EventStore) of the app's own read all events.
pub trait Aggregate: Default + Serialize + DeserializeOwned + Send {
    /// How many events a load has to apply before it saves a snapshot. By default, `None`, snapshots are neither saved nor used. `Some(0)`
    /// is as good as `Some(1)`.
    const SNAPSHOT_EVERY: Option<u32> = None;

    /// The version of the state, to be raised whenever [`apply`](Self::apply) or the JSON of the state changes. The default is 1.
    const SNAPSHOT_VERSION: i32 = 1;

    /// Changes the state by the next event of the stream, which is in the shape that [`Upcasters`](super::super::Upcasters) bring it to.
    ///
    /// It has to come to the same state whenever it is called, so it takes the time from [`StoredEvent::created_at`] and asks nobody.
    ///
    /// # Errors
    /// If the event cannot be applied. The load fails then, and with it the write, unless the handler goes on without.
    fn apply(&mut self, event: &StoredEvent) -> AggregateResult;
}
