//! What a seed of many steps answers.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a seed's `batch` returns: how far it has come, or any error, which rolls the step back.
pub type BatchResult<Cursor> = Result<Batch<Cursor>, Box<dyn Error + Send + Sync>>;

/// What a seed's `count` returns: how many items there are in all.
pub type CountResult = Result<u64, Box<dyn Error + Send + Sync>>;

/// What one call of a seed's `batch` has done.
///
/// The cursor says where the next call goes on: the key of the last item, in most cases. It is stored as JSON beside what the
/// step wrote, in the same transaction, and given back to the next call, which may be in another process.
///
/// ```
/// # use kumiko_seeds::Batch;
/// let ids = [17_i64, 18, 23];
/// // The next call goes on after 23; one that finds nothing has no cursor, and then all is done.
/// let batch = Batch::new(ids.last().copied(), ids.len());
/// # assert_eq!(batch.items(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<Cursor> {
    next: Option<Cursor>,
    items: usize,
    note: Option<String>,
}

impl<Cursor> Batch<Cursor> {
    /// A batch of so many items, after which the next one begins at `next`. Without `next` all items are done.
    #[must_use]
    pub fn new(next: Option<Cursor>, items: usize) -> Self {
        Self {
            next,
            items,
            note: None,
        }
    }

    /// Says in a few words what all batches together have done, `12 streams, 340 events` for example. After the last one the marker has it behind
    /// the description.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// What all batches together have done.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// How many items it has worked on.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    pub(crate) fn counted(&self) -> u64 {
        u64::try_from(self.items).unwrap_or(u64::MAX)
    }

    pub(crate) fn next(&self) -> Option<&Cursor> {
        self.next.as_ref()
    }

    /// Where the next one begins; none if all is done.
    #[must_use]
    pub fn into_next(self) -> Option<Cursor> {
        self.next
    }
}

impl<Cursor: Serialize> Batch<Cursor> {
    /// The batch with its cursor as JSON, for [`SeedCode::Batch`](crate::SeedCode::Batch).
    ///
    /// # Errors
    /// If the cursor cannot be written as JSON.
    pub fn written(self) -> BatchResult<String> {
        let next = self.next.map(|next| serde_json::to_string(&next));
        let next = next.transpose().map_err(|error| {
            let problem =
                format!("the cursor that `batch` gave cannot be written as JSON: {error}");
            Box::<dyn Error + Send + Sync>::from(problem)
        })?;
        Ok(Batch {
            next,
            items: self.items,
            note: self.note,
        })
    }
}

/// Reads a cursor that an earlier step has written, for [`SeedCode::Batch`](crate::SeedCode::Batch).
///
/// # Errors
/// If it is not one of this type: the seed had another one when it began.
pub fn read_cursor<Cursor: DeserializeOwned>(
    written: Option<&str>,
) -> Result<Option<Cursor>, Box<dyn Error + Send + Sync>> {
    written
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| {
            let written = written.unwrap_or_default();
            format!("the cursor {written} is not of the type that this seed has for it: {error}")
                .into()
        })
}
