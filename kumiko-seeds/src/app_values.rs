//! Values that an app hands to its seeds and handlers, by type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What an app handed over with [`SeedRunner::with`](crate::SeedRunner::with): at most one value of each type.
///
/// A layer above the core keeps what it needs here as well, the write side its handlers for example. An extension of
/// [`SeedRunner`](crate::SeedRunner) that calls `with` is all it takes.
#[derive(Clone, Default)]
pub struct AppValues {
    by_type: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

/// That statements are to have no names; kept among the values.
pub(crate) struct Unnamed;

impl AppValues {
    /// The value of type `T`, if there is one.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.by_type.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Whether the app asked for statements without names, with
    /// [`SeedRunner::unnamed_statements`](crate::SeedRunner::unnamed_statements).
    #[must_use]
    pub fn unnamed_statements(&self) -> bool {
        self.get::<Unnamed>().is_some()
    }

    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.by_type.insert(TypeId::of::<T>(), Arc::new(value));
    }
}

impl fmt::Debug for AppValues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} values", self.by_type.len())
    }
}
