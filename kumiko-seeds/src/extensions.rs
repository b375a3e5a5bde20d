//! Values that an app hands to its seeds, by type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// At most one value of each type. The write side keeps its handlers here, so that the core need not
/// know of them.
#[derive(Default)]
pub(crate) struct Extensions {
    values: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl Extensions {
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Box::new(value));
    }

    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} extensions", self.values.len())
    }
}
