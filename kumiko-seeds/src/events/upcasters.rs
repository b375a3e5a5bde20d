//! Bringing events that were appended long ago to the shape that the code knows.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde_json::Value;

use super::{EventStoreError, StoredEvent};

/// What a step of [`Upcasters`] returns: the payload in the next version's shape, or any error.
pub type UpcastResult = Result<Value, Box<dyn Error + Send + Sync>>;

/// How payloads of older versions become payloads of the current one, for [`Handlers::upcasters`](super::Handlers::upcasters).
///
/// A step turns a version of an event type's payload into the next. The version that the last step leads to is the
/// current one, and what handlers and projections get is of that: [`WriteContext::load`](super::WriteContext::load) gives it, and
/// projections are applied to it, when an event is appended and when they are rebuilt. Stored events stay as they are. An event type
/// without steps is read as it was written.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use kumiko_seeds::events::Upcasters;
/// use kumiko_seeds::json;
/// use kumiko_seeds::sqlite::Handlers;
///
/// // Version 1 had one role, version 2 has a list of them.
/// let upcasters = Upcasters::new().step("member-added", 1, |mut payload| {
///     let role = payload["role"].take();
///     Ok(json!({ "user": payload["user"], "roles": [role] }))
/// });
/// let handlers = Handlers::new().upcasters(upcasters);
/// # let _ = handlers;
/// # }
/// ```
///
/// New events say their version with [`NewEvent::event_version`](super::NewEvent::event_version).
#[derive(Default)]
pub struct Upcasters {
    /// By event type, the steps by the version that they begin with.
    chains: BTreeMap<String, BTreeMap<i32, Step>>,
    given_twice: Vec<(String, i32)>,
}

type Step = Box<dyn Fn(Value) -> UpcastResult + Send + Sync>;

impl Upcasters {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the step that turns version `from` of the payload of `event_type` into version `from + 1`.
    #[must_use]
    pub fn step<F>(mut self, event_type: impl Into<String>, from: i32, step: F) -> Self
    where
        F: Fn(Value) -> UpcastResult + Send + Sync + 'static,
    {
        let event_type = event_type.into();
        let chain = self.chains.entry(event_type.clone()).or_default();
        if chain.insert(from, Box::new(step)).is_some() {
            self.given_twice.push((event_type, from));
        }
        self
    }

    /// What is wrong with them: each in a sentence that names the event type and says what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (event_type, from) in &self.given_twice {
            problems.push(format!(
                "upcasters of {event_type:?}: two steps begin with version {from}; keep one of them"
            ));
        }
        for (event_type, chain) in &self.chains {
            let mut problem =
                |text: String| problems.push(format!("upcasters of {event_type:?}: {text}"));
            let mut expected = 1;
            for &from in chain.keys() {
                if from < 1 {
                    problem(format!(
                        "a step begins with version {from}; versions are counted from 1"
                    ));
                    continue;
                }
                if from > expected {
                    problem(format!(
                        "no step begins with version {expected}, and one with version {from}; add those between"
                    ));
                }
                expected = from.saturating_add(1);
            }
        }
        problems
    }

    /// The event in the shape of the current version.
    pub(in crate::events) fn upcast(
        &self,
        mut event: StoredEvent,
    ) -> Result<StoredEvent, EventStoreError> {
        let Some(chain) = self.chains.get(&event.event_type) else {
            return Ok(event);
        };
        let current = chain.keys().last().map_or(1, |from| from.saturating_add(1));
        if event.event_version > current {
            return Err(EventStoreError::FromNewerRelease {
                event_type: event.event_type,
                version: event.event_version,
                current,
                event_id: event.id,
                stream: Box::new(event.stream),
            });
        }
        while event.event_version < current {
            let from = event.event_version;
            let upcast = match chain.get(&from) {
                Some(step) => step(event.payload),
                None => Err(format!("no step begins with version {from}").into()),
            };
            event.payload = match upcast {
                Ok(payload) => payload,
                Err(source) => {
                    return Err(EventStoreError::NotUpcast {
                        event_type: event.event_type,
                        from,
                        event_id: event.id,
                        stream: Box::new(event.stream),
                        source,
                    });
                }
            };
            event.event_version += 1;
        }
        Ok(event)
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = |chain: &BTreeMap<i32, Step>| chain.keys().copied().collect::<Vec<_>>();
        let chains = self.chains.iter();
        formatter
            .debug_map()
            .entries(chains.map(|(event_type, chain)| (event_type, steps(chain))))
            .finish()
    }
}
