//! One reactor as an app registers it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Delivery;
use crate::causes::panic_text;
use crate::events::StoredEvent;
use crate::events::projections::Source;

/// What a reactor returns: nothing, or any error.
pub type ReactorResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Something that the app does outside its database because of an event: it sends a mail, or tells a search index.
///
/// **This library calls a reactor in a replay and at no other time.** It has no dispatcher: whatever calls the app's reactors when events are
/// appended goes on doing so, with the same function. Registered here as well, the reactor can be given events again that it has missed, or whose
/// effect was lost: [`SeedRunner::replaying`](crate::SeedRunner::replaying), `event:replay` on the command line.
///
/// `react` is an `async fn(StoredEvent, Delivery) -> ReactorResult`. It gets the event in the shape that the code knows, as a load gives
/// it, and a [`Delivery`], which says whether this is a replay and has a key by which others can tell that something was done before.
///
/// A replay calls it for one event after another while a transaction is open, in which the replay writes down how far it is. So it should
/// answer soon, or give up by itself, and it must not wait for a connection of a pool of one. On SQLite the file has that transaction as its
/// writer, so whatever else wants to write has to wait for the end of the step.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use kumiko_seeds::events::{Delivery, Reactor, ReactorResult, Reactors, StoredEvent};
/// use kumiko_seeds::sqlite::Handlers;
/// # async fn send(to: &str, key: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// async fn welcome(event: StoredEvent, delivery: Delivery) -> ReactorResult {
///     let to = event.payload["email"].as_str().ok_or("the user has no address")?;
///     send(to, &delivery.idempotency_key()).await?;
///     Ok(())
/// }
///
/// let welcome = Reactor::new("welcome-mail", welcome)
///     .of("user", ["user:created"])
///     .replayable();
/// let handlers = Handlers::new().reactors(Reactors::new().register(welcome));
/// # let _ = handlers;
/// # }
/// ```
pub struct Reactor {
    pub(super) name: String,
    pub(super) sources: Vec<Source>,
    is_replayable: bool,
    react: React,
}

type React = Box<dyn Fn(StoredEvent, Delivery) -> BoxFuture<'static, ReactorResult> + Send + Sync>;

impl Reactor {
    /// The reactor `name` (letters `a-z`, digits and `-`).
    #[must_use]
    pub fn new<F, Fut>(name: impl Into<String>, react: F) -> Self
    where
        F: Fn(StoredEvent, Delivery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ReactorResult> + Send + 'static,
    {
        Self {
            name: name.into(),
            sources: Vec::new(),
            is_replayable: false,
            react: Box::new(move |event, delivery| Box::pin(react(event, delivery))),
        }
    }

    /// Takes events of these types from streams of this kind of aggregate. Several kinds may be named, one after another.
    #[must_use]
    pub fn of<T: Into<String>>(
        mut self,
        aggregate_type: impl Into<String>,
        event_types: impl IntoIterator<Item = T>,
    ) -> Self {
        self.sources.push(Source {
            aggregate_type: aggregate_type.into(),
            event_types: event_types.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Allows replays: what it does may be done twice, or others can tell by the [key](Delivery::idempotency_key) that it was done
    /// before. By default a replay is refused.
    #[must_use]
    pub fn replayable(mut self) -> Self {
        self.is_replayable = true;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether replays are allowed.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        self.is_replayable
    }

    /// Whether it takes events of this type from such a stream.
    #[must_use]
    pub fn takes(&self, aggregate_type: &str, event_type: &str) -> bool {
        self.types()
            .any(|taken| taken == (aggregate_type, event_type))
    }

    /// Calls it for an event that the app's own dispatcher delivers.
    ///
    /// # Errors
    /// The error of the reactor.
    pub async fn react(&self, event: StoredEvent) -> ReactorResult {
        let delivery = Delivery::first(&self.name, event.id);
        (self.react)(event, delivery).await
    }

    /// Calls it for an event of the operation `replay`. A panic is an error.
    pub(super) async fn react_again(&self, event: StoredEvent, replay: &str) -> ReactorResult {
        let delivery = Delivery::again(&self.name, event.id, replay);
        let reacted = AssertUnwindSafe(async { (self.react)(event, delivery).await });
        reacted.catch_unwind().await.unwrap_or_else(|panic| {
            let text = panic_text(&*panic);
            Err(format!("it panicked: {}", text.unwrap_or("without a message")).into())
        })
    }

    /// The aggregate types and event types that it takes.
    pub(super) fn types(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().flat_map(|source| {
            let types = source.event_types.iter();
            types.map(|event_type| (source.aggregate_type.as_str(), event_type.as_str()))
        })
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reactor")
            .field("name", &self.name)
            .field("sources", &self.sources)
            .field("is_replayable", &self.is_replayable)
            .finish_non_exhaustive()
    }
}
