//! All that is known of one seed, as data. Pure.

use kumiko_seeds::{Marker, SeedStatus, State};
use serde::Serialize;

use crate::app_seeds::SeedSource;
use crate::printing::{Moment, state};
use crate::progress_view::ProgressView;

/// All that is known of one seed: what its source says, and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct ShownSeed<'a> {
    /// The version of this form.
    pub version: u32,
    /// The seed.
    pub id: &'a str,
    /// What the app says the seed does, or what its marker says where the app does not have it.
    pub description: &'a str,
    /// The last release that had it, if it is retired.
    pub retired: Option<&'a str>,
    /// What its source says; none if the app does not have it.
    pub source: Option<&'a SeedSource>,
    /// Where it stands; none if no database was asked.
    #[serde(serialize_with = "state")]
    pub state: Option<State>,
    /// What a person should know beside the state, if there is anything.
    pub remark: Option<String>,
    /// How far it is, if it is one of many steps that has begun and is not applied.
    pub progress: Option<ProgressView<'a>>,
    /// Its marker, if it is applied.
    pub marker: Option<MarkerView<'a>>,
}

/// The marker of a seed.
#[derive(Clone, Debug, Serialize)]
pub struct MarkerView<'a> {
    /// When the seed was applied.
    pub applied_at: Moment,
    /// How long it took.
    pub duration_ms: i32,
    /// What started the run that applied it.
    pub applied_by: &'a str,
    /// Its description at that time.
    pub notes: Option<&'a str>,
}

impl<'a> ShownSeed<'a> {
    /// A seed where no database was asked.
    pub(super) fn of_source(seed: &'a SeedStatus, source: Option<&'a SeedSource>) -> Self {
        Self {
            version: 1,
            id: &seed.id,
            description: &seed.description,
            retired: seed.retired.as_deref(),
            source,
            state: None,
            remark: None,
            progress: None,
            marker: None,
        }
    }

    /// A seed and where it stands.
    #[must_use]
    pub fn of(seed: &'a SeedStatus, source: Option<&'a SeedSource>) -> Self {
        Self {
            state: Some(seed.state),
            remark: seed.remark(),
            progress: seed.progress.as_ref().map(ProgressView::of),
            marker: seed.marker.as_ref().map(MarkerView::of),
            ..Self::of_source(seed, source)
        }
    }
}

impl<'a> MarkerView<'a> {
    fn of(marker: &'a Marker) -> Self {
        Self {
            applied_at: Moment(marker.applied_at),
            duration_ms: marker.duration_ms,
            applied_by: &marker.applied_by,
            notes: marker.notes.as_deref(),
        }
    }
}
