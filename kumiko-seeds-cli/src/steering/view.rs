//! Where a seed stands that was steered, as data. Pure.

use kumiko_seeds::SeedProgress;
use serde::Serialize;

use crate::progress_view::ProgressView;

/// Where a seed stands that was steered.
#[derive(Clone, Debug, Serialize)]
pub struct SteeredView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The seed.
    pub id: &'a str,
    /// How far it is.
    #[serde(flatten)]
    pub progress: ProgressView<'a>,
}

impl<'a> SteeredView<'a> {
    /// The view of where a seed stands.
    #[must_use]
    pub fn of(id: &'a str, progress: &'a SeedProgress) -> Self {
        Self {
            version: 1,
            id,
            progress: ProgressView::of(progress),
        }
    }
}
