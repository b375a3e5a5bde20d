//! The reactors of an app.

use std::collections::BTreeSet;

use super::{Reactor, ReplayError};
use crate::events::projections::is_name;
use crate::events::{EventBackend, Handlers};

/// The reactors of an app, for [`Handlers::reactors`].
#[derive(Debug, Default)]
pub struct Reactors {
    all: Vec<Reactor>,
}

impl Reactors {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reactor.
    #[must_use]
    pub fn register(mut self, reactor: Reactor) -> Self {
        self.all.push(reactor);
        self
    }

    /// The reactors in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Reactor> {
        self.all.iter()
    }

    /// What is wrong with them: each in a sentence that names the reactor and says what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for reactor in &self.all {
            let name = reactor.name();
            let mut problem = |text: String| problems.push(format!("reactor {name:?}: {text}"));
            if !is_name(name) {
                problem("its name may have only a-z, 0-9 and -".to_owned());
            }
            if !names.insert(name) {
                problem("it is registered twice; keep one of them".to_owned());
                continue;
            }
            if reactor.sources.is_empty() {
                problem(
                    "it takes no events; name them with .of(aggregate type, event types)"
                        .to_owned(),
                );
            }
            for source in &reactor.sources {
                if source.event_types.is_empty() {
                    let aggregate_type = &source.aggregate_type;
                    problem(format!(
                        "it takes no event types of {aggregate_type:?}; name them"
                    ));
                }
            }
        }
        problems
    }
}

impl<DB: EventBackend> Handlers<DB> {
    /// The reactor of this name, if events can be delivered to it again.
    pub(super) fn replayable(&self, name: &str) -> Result<&Reactor, ReplayError> {
        if !self.problems().is_empty() {
            let problems = self.problems().to_vec();
            return Err(ReplayError::Invalid { problems });
        }
        if !self.is_on_own_store() {
            return Err(ReplayError::OtherEventStore);
        }
        let mut all = self.registered_reactors().iter();
        let reactor = all
            .find(|reactor| reactor.name() == name)
            .ok_or_else(|| ReplayError::unknown(name, self.registered_reactors().iter()))?;
        if !reactor.is_replayable() {
            let reactor = name.to_owned();
            return Err(ReplayError::NotReplayable { reactor });
        }
        Ok(reactor)
    }
}
