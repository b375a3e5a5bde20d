//! Where each seed stands. Pure.

use std::collections::BTreeMap;
use std::fmt;

use crate::history::{History, Intervention, InterventionKind};
use crate::plan::{OutOfOrder, plan};
use crate::{Marker, SeedInfo, SkipFlags};

/// Where a seed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It has its marker.
    Applied,
    /// It has its marker, and its source is not the one that was applied.
    Changed,
    /// The next run applies it.
    Pending,
    /// The next run applies it, after a seed with a greater id that is applied already.
    OutOfOrder,
    /// It is pending, and a flag that is set here keeps it so.
    Skipped,
    /// It has its marker, but is not among the seeds of the app.
    Missing,
}

impl State {
    /// The spelling in every output: `out-of-order`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Changed => "changed",
            Self::Pending => "pending",
            Self::OutOfOrder => "out-of-order",
            Self::Skipped => "skipped",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// One seed and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeedStatus {
    /// The seed.
    pub id: String,
    /// Where it stands.
    pub state: State,
    /// What the app says the seed does, or what its marker says where it is missing.
    pub description: String,
    /// Its marker, if it is applied.
    pub marker: Option<Marker>,
    /// What was last done to its marker by hand, if anything was.
    pub intervention: Option<Intervention>,
}

impl SeedStatus {
    /// What a person should know beside the state: an edit after it was applied, a marker set by hand.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let changed =
            (self.state == State::Changed).then(|| "edited since it was applied".to_owned());
        let by_hand = self.intervention.as_ref().map(|intervention| {
            let at = intervention.at.format("%Y-%m-%d %H:%M:%S");
            match intervention.kind {
                InterventionKind::Marked => format!("marked by hand at {at}, not run"),
                InterventionKind::Unmarked => format!("unmarked by hand at {at}"),
            }
        });
        let remarks: Vec<String> = changed.into_iter().chain(by_hand).collect();
        (!remarks.is_empty()).then(|| remarks.join("; "))
    }
}

/// All seeds that the app or the database knows, in byte order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The seeds.
    pub seeds: Vec<SeedStatus>,
}

impl Status {
    /// Compares the app's seeds with the database's markers.
    #[must_use]
    pub fn compare<'a>(
        seeds: impl IntoIterator<Item = SeedInfo<'a>>,
        history: History,
        flags: &SkipFlags,
    ) -> Self {
        let seeds: BTreeMap<&str, SeedInfo<'_>> =
            seeds.into_iter().map(|seed| (seed.id, seed)).collect();
        let History {
            markers,
            interventions,
        } = history;
        // The last one of a seed counts; they come oldest first.
        let mut interventions: BTreeMap<String, Intervention> = interventions
            .into_iter()
            .map(|last| (last.id.clone(), last))
            .collect();
        let applied = markers.iter().map(|marker| marker.id.as_str());
        let plan = plan(seeds.keys().copied(), applied);

        let pending = plan.pending.iter().filter_map(|id| seeds.get(id));
        let pending: Vec<SeedStatus> = pending
            .map(|seed| {
                let state = match OutOfOrder::find(&plan.out_of_order, seed.id).is_some() {
                    _ if flags.skips(*seed) => State::Skipped,
                    true => State::OutOfOrder,
                    false => State::Pending,
                };
                SeedStatus {
                    id: seed.id.to_owned(),
                    state,
                    description: seed.description.to_owned(),
                    marker: None,
                    intervention: None,
                }
            })
            .collect();
        let applied = markers.into_iter().map(|marker| {
            let seed = seeds.get(marker.id.as_str());
            let notes = || marker.notes.clone().unwrap_or_default();
            SeedStatus {
                id: marker.id.clone(),
                state: state_of(&marker, seed),
                description: seed.map_or_else(notes, |seed| seed.description.to_owned()),
                marker: Some(marker),
                intervention: None,
            }
        });
        let mut all: Vec<SeedStatus> = pending.into_iter().chain(applied).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        for seed in &mut all {
            seed.intervention = interventions.remove(&seed.id);
        }
        Self { seeds: all }
    }

    /// How many seeds are in `state`.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.seeds.iter().filter(|seed| seed.state == state).count()
    }

    /// Whether the app and the database disagree in a way that applying does not mend as intended: a
    /// seed is missing or out of order.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        self.count(State::Missing) + self.count(State::OutOfOrder) > 0
    }

    /// Whether a run would have something to apply, skip flags aside.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        let pending = [State::Pending, State::OutOfOrder, State::Skipped];
        pending.into_iter().any(|state| self.count(state) > 0)
    }
}

fn state_of(marker: &Marker, seed: Option<&SeedInfo<'_>>) -> State {
    let Some(seed) = seed else {
        return State::Missing;
    };
    match (marker.source_hash.as_deref(), seed.source_hash) {
        (Some(applied), Some(now)) if applied != now => State::Changed,
        _ => State::Applied,
    }
}
