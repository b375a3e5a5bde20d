//! What a reactor is told beside the event.

/// How an event comes to a reactor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    reactor: String,
    event_id: i64,
    replay: Option<String>,
}

impl Delivery {
    /// An event comes for the first time, from the app's own dispatcher.
    pub(super) fn first(reactor: &str, event_id: i64) -> Self {
        Self {
            reactor: reactor.to_owned(),
            event_id,
            replay: None,
        }
    }

    /// It comes again, in the operation `replay`.
    pub(super) fn again(reactor: &str, event_id: i64, replay: &str) -> Self {
        Self {
            replay: Some(replay.to_owned()),
            ..Self::first(reactor, event_id)
        }
    }

    /// The id of the replay, `event-replay/welcome-mail/1`; none if this is the app's own delivery.
    #[must_use]
    pub fn replay(&self) -> Option<&str> {
        self.replay.as_deref()
    }

    /// The same at every delivery of this event to this reactor, first or again, and another for any other in this database:
    /// `welcome-mail/4711`. Who is given it can tell that something was done before.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.reactor, self.event_id)
    }
}
