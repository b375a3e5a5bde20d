//! Where each seed stands. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::background::{Waiting, of_background};
use crate::hashes::Hashes;
use crate::history::{History, Intervention, InterventionKind};
use crate::plan::{Applied, Compiled, Pair, Plan, plan};
use crate::seed::is_operation;
use crate::{App, Environment, Marker, ProgressState, SeedInfo, SeedProgress, SkipFlags};

/// Where a seed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It has its marker.
    Applied,
    /// It has its marker, and its code is not the one that was applied. Comments and layout do not count.
    Changed,
    /// The next run applies it.
    Pending,
    /// It is pending and has the source of an applied seed that the app does not have: its file was renamed. A run
    /// refuses it until it is marked or has other code.
    Renamed,
    /// It is pending, and there is a marker of its id from before the app had its name, of another source or an unknown
    /// one. A run refuses it until it is marked or its file is renamed.
    Contested,
    /// The next run applies it, after a seed with a greater id that is applied already.
    OutOfOrder,
    /// It is pending, and a flag that is set here keeps it so.
    Skipped,
    /// It is not applied, and for other environments than this one, so that no run here applies it.
    NotHere,
    /// It has begun, and some of its steps are done.
    Running,
    /// It has begun, and somebody has paused it.
    Paused,
    /// It has begun, its steps have failed, and it waits for somebody who looks at it.
    Failed,
    /// It has begun, and somebody has given it up.
    Cancelled,
    /// It has its marker or is under way, but is not among the seeds of the app.
    Missing,
    /// It has its marker, and is among the seeds of the app under the name that its file has now.
    Former,
    /// Another service applied it, and the app does not have it.
    Foreign,
    /// It is retired, and has no marker. A run refuses the database.
    Retired,
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
            Self::NotHere => "not-here",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Missing => "missing",
            Self::Renamed => "renamed",
            Self::Contested => "contested",
            Self::Former => "former",
            Self::Foreign => "foreign",
            Self::Retired => "retired",
        }
    }
}

impl State {
    fn of_progress(state: ProgressState) -> Self {
        match state {
            ProgressState::Running => Self::Running,
            ProgressState::Paused => Self::Paused,
            ProgressState::Failed => Self::Failed,
            ProgressState::Cancelled => Self::Cancelled,
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
    /// The name of the app whose seed it is, if it has one.
    pub app: Option<String>,
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
    /// The id under which the same source is known as well, where a file was renamed.
    pub same_as: Option<String>,
    /// How far it is, if it is one of many steps that has begun and is not applied.
    pub progress: Option<SeedProgress>,
    /// The last release that had it, if it is retired.
    pub retired: Option<String>,
    /// Whether the boot leaves it out.
    pub background: bool,
    /// The seeds that it waits for, if it is pending.
    pub waits_for: Vec<String>,
    /// The environments outside of which it does not run, if there are such.
    pub environments: Vec<String>,
    /// Why it does not run in this environment, if it does not; or why it may run after seeds with later dates, if it will.
    reason: Option<String>,
}

impl SeedStatus {
    /// What a person should know beside the state: an edit after it was applied, a marker set by hand.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let of_state = self.remark_of_state();
        let by_hand = self.intervention.as_ref().map(|intervention| {
            let at = intervention.at.format("%Y-%m-%d %H:%M:%S");
            match intervention.kind {
                InterventionKind::Marked => format!("marked by hand at {at}, not run"),
                InterventionKind::Unmarked => format!("unmarked by hand at {at}"),
            }
        });
        let remarks = self.remark_of_progress().into_iter();
        let waits = (!self.waits_for.is_empty())
            .then(|| format!("waits for {}", self.waits_for.join(", ")));
        let is_left = self.background && self.state == State::Pending && self.waits_for.is_empty();
        let left = is_left.then(|| "in the background".to_owned());
        let retired = self.retired.as_ref();
        let retired = retired.map(|release| format!("retired, last in {release}"));
        let remarks = remarks
            .chain(of_state)
            .chain(retired)
            .chain(by_hand)
            .chain(waits);
        let remarks: Vec<String> = remarks.chain(left).collect();
        (!remarks.is_empty()).then(|| remarks.join("; "))
    }

    fn remark_of_progress(&self) -> Option<String> {
        let progress = self.progress.as_ref()?;
        let mut remark = progress.to_string();
        if let Some(throttled) = &progress.throttled {
            remark.extend([", held back: ", throttled]);
        }
        if let Some(error) = &progress.error {
            let cursor = progress.cursor.as_deref().unwrap_or("the beginning");
            remark.extend([", failed after ", cursor, ": ", error]);
        }
        Some(remark)
    }

    fn remark_of_state(&self) -> Option<String> {
        let is_unnamed = |marker: &Marker| marker.app.is_none();
        let text = match (self.state, &self.same_as) {
            (State::Changed, _) => "edited since it was applied".to_owned(),
            (State::Renamed, Some(other)) => format!("applied as {other}, whose file is gone"),
            (State::Missing, Some(other)) => format!("its text is now that of {other}"),
            (State::Former, Some(other)) => format!("its file is now {other}"),
            (State::Contested, _) => {
                "a marker without the app's name is of another text: this app's or another's"
                    .to_owned()
            }
            (State::Foreign, _) => "applied by another service".to_owned(),
            (State::Applied, _)
                if self.app.is_some() && self.marker.as_ref().is_some_and(is_unnamed) =>
            {
                "applied before the app had its name".to_owned()
            }
            (State::NotHere | State::Pending, _) => return self.reason.clone(),
            _ => return None,
        };
        Some(text)
    }
}

/// All seeds that the app or the database knows, in byte order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The seeds.
    pub seeds: Vec<SeedStatus>,
    /// What is nobody's concern any more and can still be looked at: rebuilds to other versions than the app's and those that
    /// were asked for once more, and what was given up and is not the app's any more. In no count.
    pub past: Vec<SeedStatus>,
}

impl Status {
    /// Compares the app's seeds with the database's markers, as a run in this environment would.
    #[must_use]
    pub fn compare<'a>(
        seeds: impl IntoIterator<Item = SeedInfo<'a>>,
        history: History,
        flags: &SkipFlags,
        environment: &Environment,
    ) -> Self {
        let seeds: BTreeMap<&str, SeedInfo<'_>> =
            seeds.into_iter().map(|seed| (seed.id, seed)).collect();
        let History {
            app,
            markers,
            interventions,
            progress,
        } = history;
        let mut interventions = last_of_each(interventions);
        let ledger_ids: Vec<Cow<'_, str>> = markers.iter().map(ledger_id).collect();
        let applied = markers.iter().zip(&ledger_ids).map(applied);
        let compiled = seeds.values().map(|seed| compiled(seed, environment));
        let plan = plan(&app, compiled, applied);

        let status = |id: &str, state, description| SeedStatus {
            same_as: plan.same_as(id).map(str::to_owned),
            ..status_of(&app, id, seeds.get(id), state, description)
        };
        let of_background = of_background(seeds.values().map(waiting), |id| !plan.is_not_here(id));
        let pending = plan.pending.iter().filter_map(|id| seeds.get(id));
        let mut all: Vec<SeedStatus> = pending
            .map(|seed| {
                let begun = progress.iter().find(|progress| progress.id == seed.id);
                let state = match begun {
                    _ if seed.retired.is_some() => State::Retired,
                    _ if flags.skips(seed) => State::Skipped,
                    Some(progress) => State::of_progress(progress.state),
                    None => plan.state_of_pending(seed.id, &of_background),
                };
                SeedStatus {
                    progress: begun.cloned(),
                    waits_for: plan.waits_for(seed),
                    reason: plan.reason(seed),
                    ..status(seed.id, state, seed.description.to_owned())
                }
            })
            .collect();
        let not_here = plan.not_here.iter().filter_map(|id| seeds.get(id));
        all.extend(not_here.map(|seed| SeedStatus {
            reason: Some(environment.is_not()),
            ..status(seed.id, State::NotHere, seed.description.to_owned())
        }));
        let ours = markers.iter().filter(|marker| {
            marker.app.as_deref() == app.name() || plan.counts_unnamed(&marker.id)
        });
        // What an operation did in an earlier version, or once more, is history.
        let (past, applied): (Vec<&Marker>, Vec<_>) = ours.partition(|marker| {
            let id = marker.id.as_str();
            is_operation(id) && !seeds.contains_key(id) && plan.missing.binary_search(&id).is_err()
        });
        let of_marker = |marker: &Marker| {
            let description = match seeds.get(marker.id.as_str()) {
                Some(seed) => seed.description.to_owned(),
                None => marker.notes.clone().unwrap_or_default(),
            };
            SeedStatus {
                marker: Some(marker.clone()),
                ..status(&marker.id, plan.state_of_applied(&marker.id), description)
            }
        };
        let mut past: Vec<SeedStatus> = past.into_iter().map(of_marker).collect();
        all.extend(applied.into_iter().map(of_marker));
        let known = seeds.keys().copied();
        let known = known.chain(all.iter().map(|seed| seed.id.as_str()));
        let versions: Vec<(&str, u32)> = known.filter_map(version_of).collect();
        let is_known =
            |id: &str| seeds.contains_key(id) || all.iter().any(|seed: &SeedStatus| seed.id == id);
        // What was given up, by an app that does not have it any more, is nobody's concern.
        let is_over = |progress: &&SeedProgress| {
            progress.state == ProgressState::Cancelled || is_superseded(&progress.id, &versions)
        };
        let is_done = |id: &str| past.iter().any(|seed| seed.id == id);
        let others = progress
            .iter()
            .filter(|progress| !is_known(&progress.id) && !is_done(&progress.id));
        let (over, missing): (Vec<_>, Vec<_>) = others.partition(is_over);
        let [over, missing] = [over, missing].map(|progress| {
            let progress = progress.into_iter();
            progress
                .map(|progress| not_compiled(progress, status))
                .collect::<Vec<_>>()
        });
        past.extend(over);
        all.extend(missing);
        for seeds in [&mut all, &mut past] {
            seeds.sort_by(|a, b| a.id.cmp(&b.id));
            for seed in seeds {
                seed.intervention = interventions.remove(&seed.id);
            }
        }
        Self { seeds: all, past }
    }

    /// How many seeds are in `state`.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.seeds.iter().filter(|seed| seed.state == state).count()
    }

    /// Whether the app and the database disagree in a way that applying does not mend as intended: a
    /// seed is missing or out of order, or a run refuses it because it may be applied already.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        let drift = [
            State::Missing,
            State::OutOfOrder,
            State::Renamed,
            State::Contested,
        ];
        drift.into_iter().any(|state| self.count(state) > 0)
    }

    /// Whether a run would have something to apply, skip flags aside.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        let pending = [
            State::Pending,
            State::OutOfOrder,
            State::Skipped,
            State::Retired,
            State::Renamed,
            State::Contested,
            State::Running,
            State::Paused,
            State::Failed,
            State::Cancelled,
        ];
        pending.into_iter().any(|state| self.count(state) > 0)
    }
}

/// Where the seed `id` stands, as far as the app's own `seed` tells.
fn status_of(
    app: &App,
    id: &str,
    seed: Option<&SeedInfo<'_>>,
    state: State,
    description: String,
) -> SeedStatus {
    let environments = seed.map_or(&[][..], |seed| &seed.environments);
    SeedStatus {
        app: app.name().map(str::to_owned),
        id: id.to_owned(),
        state,
        description,
        marker: None,
        intervention: None,
        same_as: None,
        progress: None,
        retired: seed.and_then(|seed| seed.retired).map(str::to_owned),
        background: seed.is_some_and(|seed| seed.background),
        waits_for: Vec::new(),
        environments: environments.iter().map(ToString::to_string).collect(),
        reason: None,
    }
}

/// Why a seed may run though `other` is applied, which sorts after it.
fn why_late(seed: &SeedInfo<'_>, other: &str) -> String {
    match seed.out_of_order {
        Some(reason) => format!("out of order on purpose: {reason}"),
        None => format!("runs after {other}, which is applied"),
    }
}

/// What is under way and not among what the app has: a seed whose file is gone; or an operation that is no seed, which whoever
/// reads files does not know.
fn not_compiled(
    progress: &SeedProgress,
    status: impl Fn(&str, State, String) -> SeedStatus,
) -> SeedStatus {
    let is_operation = is_operation(&progress.id);
    let state = if is_operation {
        State::of_progress(progress.state)
    } else {
        State::Missing
    };
    SeedStatus {
        progress: Some(progress.clone()),
        background: is_operation,
        ..status(&progress.id, state, String::new())
    }
}

/// Whether there is a newer one among these versions of what an operation is of, so that nobody goes on with it.
fn is_superseded(id: &str, versions: &[(&str, u32)]) -> bool {
    version_of(id).is_some_and(|(of, number)| {
        let mut versions = versions.iter();
        versions.any(|(other, newer)| *other == of && *newer > number)
    })
}

/// What an operation is of, and which version: `projection-rebuild/members` and 2, also of one that was asked for once more.
fn version_of(id: &str) -> Option<(&str, u32)> {
    if !is_operation(id) {
        return None;
    }
    let (second, _) = id.match_indices('/').nth(1)?;
    let number = id[second + 1..].split('/').next()?.parse().ok()?;
    Some((&id[..second], number))
}

fn compiled<'a>(seed: &'a SeedInfo<'_>, environment: &Environment) -> Compiled<'a> {
    Compiled {
        id: seed.id,
        hashes: Hashes::of_info(seed),
        is_here: environment.is_among(&seed.environments),
        may_be_late: !seed.environments.is_empty() || seed.out_of_order.is_some(),
        replaces: &seed.replaces,
    }
}

fn applied<'a>((marker, ledger_id): (&'a Marker, &'a Cow<'_, str>)) -> Applied<'a> {
    Applied {
        ledger_id,
        source: marker.source(),
    }
}

/// What a seed waits for.
/// The last one of a seed counts; they come oldest first.
fn last_of_each(interventions: Vec<Intervention>) -> BTreeMap<String, Intervention> {
    let interventions = interventions.into_iter();
    interventions.map(|last| (last.id.clone(), last)).collect()
}

fn waiting<'a, 's>(seed: &'a SeedInfo<'s>) -> Waiting<'a, 's> {
    Waiting {
        id: seed.id,
        background: seed.background,
        after: &seed.after,
    }
}

/// What the ledger knows a marker's seed as.
fn ledger_id(marker: &Marker) -> Cow<'_, str> {
    match &marker.app {
        Some(app) => Cow::Owned(format!("{app}/{}", marker.id)),
        None => Cow::Borrowed(&marker.id),
    }
}

/// What a plan says of one seed.
impl Plan<'_> {
    fn waits_for(&self, seed: &SeedInfo<'_>) -> Vec<String> {
        let after = seed.after.iter();
        let after = after.filter(|id| self.pending.binary_search(id).is_ok());
        after.map(ToString::to_string).collect()
    }

    /// What a pending seed is about, if that is not plain.
    fn reason(&self, seed: &SeedInfo<'_>) -> Option<String> {
        if self.recorded.binary_search(&seed.id).is_ok() {
            return Some("what it replaces is applied, so it will only be recorded".to_owned());
        }
        let late = Pair::find(&self.late, seed.id);
        late.map(|other| why_late(seed, other))
    }

    fn state_of_pending(&self, id: &str, of_background: &BTreeSet<&str>) -> State {
        let is_in = |ids: &[&str]| ids.binary_search(&id).is_ok();
        let is_late = Pair::find(&self.out_of_order, id).is_some();
        match Pair::find(&self.renamed, id) {
            _ if is_in(&self.contested) => State::Contested,
            Some(_) => State::Renamed,
            // That of a worker is when it comes to it.
            None if is_late && !of_background.contains(id) => State::OutOfOrder,
            None => State::Pending,
        }
    }

    /// Whether the app's seed `id` is applied by a marker without its name.
    fn counts_unnamed(&self, id: &str) -> bool {
        self.unnamed.binary_search(&id).is_ok()
    }

    fn state_of_applied(&self, id: &str) -> State {
        let is_in = |ids: &[&str]| ids.binary_search(&id).is_ok();
        if is_in(&self.missing) {
            State::Missing
        } else if is_in(&self.foreign) {
            State::Foreign
        } else if is_in(&self.changed) {
            State::Changed
        } else if Pair::find(&self.former, id).is_some() {
            State::Former
        } else {
            State::Applied
        }
    }

    /// The id under which the same source is known, if there is one.
    fn same_as(&self, id: &str) -> Option<&str> {
        let renamed_to = || {
            let renamed = self.renamed.iter();
            renamed
                .clone()
                .find(|pair| pair.other == id)
                .map(|pair| pair.id)
        };
        Pair::find(&self.renamed, id)
            .or_else(|| Pair::find(&self.former, id))
            .or_else(renamed_to)
    }
}
