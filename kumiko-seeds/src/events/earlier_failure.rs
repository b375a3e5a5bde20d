//! Failures of appends that a handler may not pass over.

use std::borrow::Cow;

use super::EventStoreError;
use crate::causes::with_causes;

/// The first failure of an append after which the write cannot succeed.
///
/// **Invariant:** events and the rows of their projections are kept together or not at all, also if a handler goes on after an
/// error, or drops the append.
#[derive(Debug, Default)]
pub(super) struct EarlierFailure(Option<Cow<'static, str>>);

impl EarlierFailure {
    /// Fails if there was one.
    pub(super) fn check(&self) -> Result<(), EventStoreError> {
        let Self(earlier) = self;
        match earlier {
            Some(earlier) => Err(EventStoreError::EarlierFailure {
                earlier: earlier.clone().into_owned(),
            }),
            None => Ok(()),
        }
    }

    /// An append begins that has to come to its end.
    pub(super) fn begin(&mut self) {
        *self = Self(Some(Cow::Borrowed("an append was not awaited to its end")));
    }

    /// The append has come to its end, and nothing of it is missing or too much.
    pub(super) fn end(&mut self) {
        *self = Self(None);
    }

    /// The append has failed.
    pub(super) fn note(&mut self, error: &EventStoreError) {
        let earlier = format!("an append failed: {}", with_causes(error));
        *self = Self(Some(Cow::Owned(earlier)));
    }
}
