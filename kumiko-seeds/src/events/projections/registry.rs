//! The projections of an app.

use std::collections::BTreeMap;
use std::fmt;

use super::Projection;
use crate::events::EventBackend;

/// The projections of an app, for [`Handlers::projections`](crate::events::Handlers::projections).
pub struct Projections<DB: EventBackend> {
    all: Vec<Projection<DB>>,
}

impl<DB: EventBackend> Projections<DB> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { all: Vec::new() }
    }

    /// Adds a projection. An append applies its events to one after another in the order in which they were registered.
    #[must_use]
    pub fn register(mut self, projection: Projection<DB>) -> Self {
        self.all.push(projection);
        self
    }

    /// The projections in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Projection<DB>> {
        self.all.iter()
    }

    /// The projection of this name.
    pub(in crate::events) fn get(&self, name: &str) -> Option<&Projection<DB>> {
        self.all.iter().find(|projection| projection.name == name)
    }

    /// What is wrong with them, as far as that shows without a database: each in a sentence that names the projection and says what to do.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut owner_of: BTreeMap<&str, &str> = BTreeMap::new();
        let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
        for projection in &self.all {
            let name = projection.name.as_str();
            let mut problem = |text: String| problems.push(format!("projection {name:?}: {text}"));
            if !is_name(name) {
                problem("its name may have only a-z, 0-9 and -".to_owned());
            }
            if versions.insert(name, projection.version).is_some() {
                problem("it is registered twice; keep one of them".to_owned());
                continue;
            }
            if projection.version == 0 {
                problem("versions are counted from 1".to_owned());
            }
            if projection.tables.is_empty() {
                problem("it has no table; name each with .table(name, column)".to_owned());
            }
            if projection.sources.is_empty() {
                problem(
                    "it takes no events; name them with .of(aggregate type, event types)"
                        .to_owned(),
                );
            }
            for source in &projection.sources {
                if source.event_types.is_empty() {
                    let aggregate_type = &source.aggregate_type;
                    problem(format!(
                        "it takes no event types of {aggregate_type:?}; name them"
                    ));
                }
            }
            for table in &projection.tables {
                if table.name.contains('.') {
                    let table = &table.name;
                    problem(format!(
                        "the table {table:?} has a schema in its name, and a rebuild could not stand in for it; name it without"
                    ));
                }
                if let Some(other) = owner_of.insert(&table.name, name) {
                    let table = &table.name;
                    problem(format!(
                        "the table {table:?} belongs to {other:?} already; let one projection have both kinds of events"
                    ));
                }
            }
        }
        problems
    }
}

/// Whether something may have this name, which stands in ids.
pub(in crate::events) fn is_name(text: &str) -> bool {
    let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !text.is_empty() && text.bytes().all(is_allowed)
}

impl<DB: EventBackend> Default for Projections<DB> {
    fn default() -> Self {
        Self::new()
    }
}

impl<DB: EventBackend> fmt::Debug for Projections<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.all).finish()
    }
}
