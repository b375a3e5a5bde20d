//! Where each seed stands, as data. Pure.

use kumiko_seeds::{SeedStatus, State, Status};
use serde::Serialize;

use crate::printing::{Moment, state};
use crate::progress_view::ProgressView;

/// Where each seed stands.
#[derive(Clone, Debug, Serialize)]
pub struct StatusView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The seeds, in byte order of their ids.
    pub seeds: Vec<SeedView<'a>>,
}

/// Where one seed stands.
#[derive(Clone, Debug, Serialize)]
pub struct SeedView<'a> {
    /// The seed.
    pub id: &'a str,
    /// Where it stands.
    #[serde(serialize_with = "state")]
    pub state: State,
    /// What it does.
    pub description: &'a str,
    /// What a person should know beside the state.
    pub remark: Option<String>,
    /// When it was applied.
    pub applied_at: Option<Moment>,
    /// How long it took.
    pub duration_ms: Option<i32>,
    /// What started the run that applied it.
    pub applied_by: Option<&'a str>,
    /// The last release that had it, if it is retired.
    pub retired: Option<&'a str>,
    /// Whether the boot leaves it out.
    pub background: bool,
    /// The seeds that it waits for.
    pub waits_for: &'a [String],
    /// The environments outside of which it does not run, if there are such.
    pub environments: &'a [String],
    /// How far it is, if it is one of many steps that has begun and is not applied.
    pub progress: Option<ProgressView<'a>>,
}

impl<'a> StatusView<'a> {
    /// The view of a status.
    #[must_use]
    pub fn of(status: &'a Status) -> Self {
        Self {
            version: 1,
            seeds: status.seeds.iter().map(SeedView::of).collect(),
        }
    }

    /// How many seeds are in this state.
    pub(super) fn count(&self, state: State) -> usize {
        self.seeds.iter().filter(|seed| seed.state == state).count()
    }
}

impl<'a> SeedView<'a> {
    fn of(seed: &'a SeedStatus) -> Self {
        let marker = seed.marker.as_ref();
        Self {
            id: &seed.id,
            state: seed.state,
            description: &seed.description,
            remark: seed.remark(),
            applied_at: marker.map(|marker| Moment(marker.applied_at)),
            duration_ms: marker.map(|marker| marker.duration_ms),
            applied_by: marker.map(|marker| marker.applied_by.as_str()),
            retired: seed.retired.as_deref(),
            background: seed.background,
            waits_for: &seed.waits_for,
            environments: &seed.environments,
            progress: seed.progress.as_ref().map(ProgressView::of),
        }
    }
}
