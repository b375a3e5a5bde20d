//! What a run makes of the seeds once a marker is taken away. Pure.

use kumiko_seeds::{App, History, SeedStatus, SkipFlags, State, Status};

use crate::app_seeds::{AppSeeds, SeedSource};
use crate::database::DatabaseUrl;
use crate::failure::Failure;
use crate::operation_id::{Rebuild, is_rebuild};

/// A seed whose marker is to be taken away, and what that leads to.
#[derive(Clone, Debug)]
pub(super) struct Unmarking {
    pub(super) id: String,
    /// Whose marker it is. One from before the app had its name is taken away as it is.
    pub(super) app: App,
    /// What is pending then, if that is a rebuild.
    pub(super) rebuild: Option<SeedSource>,
    effect: Effect,
}

#[derive(Clone, Debug)]
enum Effect {
    /// It runs again.
    Pending,
    /// It is for other environments than this one, and runs in those.
    NotHere,
    /// It is pending, and a run refuses it for this reason.
    Refused(String),
    /// Another marker says the same.
    StillApplied,
    /// The app does not have it.
    NotInApp { state: State },
    /// The app does not have it, and a run refused these as long as it was applied.
    LetsRun(Vec<String>),
    /// It is a rebuild, and only the app's own ops binary knows to which versions there are any.
    KnownToApp,
    /// The app has this version of the projection, which is older.
    OfNewerVersion { own: u32, is_pending: bool },
}

impl Unmarking {
    /// The unmarking of the seed that `given` names, among those of the app and those in `history`.
    pub(super) fn of(given: &str, seeds: &AppSeeds, history: History) -> Result<Self, Failure> {
        let flags = SkipFlags::default();
        let before = Status::compare(seeds.infos(), history.clone(), &flags, &seeds.environment);
        let seed = seeds.find_in(&before, given)?;
        let id = &seed.id;
        let app = match &seed.marker {
            Some(marker) => marker.app.as_deref().map_or_else(App::default, App::named),
            None => history.app.clone(),
        };
        let mut history = history;
        history
            .markers
            .retain(|marker| marker.id != *id || marker.app.as_deref() != app.name());
        let after = Status::compare(seeds.infos(), history, &flags, &seeds.environment);
        let effect = match Rebuild::of(id) {
            Some(rebuild) => of_rebuild(id, rebuild, seeds, &after),
            None => None,
        };
        let effect = effect.unwrap_or_else(|| effect_on(seed, &before, &after));
        let is_pending = matches!(effect, Effect::Pending) && is_rebuild(id);
        Ok(Self {
            id: id.clone(),
            app,
            rebuild: seeds.get(id).filter(|_| is_pending).cloned(),
            effect,
        })
    }

    pub(super) fn question(&self, url: &DatabaseUrl) -> String {
        let question = format!("take the marker of {} away in {url}", self.id);
        match &self.effect {
            Effect::Pending => format!("{question}, so that it runs again?"),
            Effect::NotInApp {
                state: State::Foreign,
            } => format!("{question}? another service applied it, and the app does not have it"),
            _ => format!("{question}? {}", self.effect()),
        }
    }

    pub(super) fn done(&self) -> String {
        format!(
            "unmarked {}: {}; what it did is not undone",
            self.id,
            self.effect()
        )
    }

    fn effect(&self) -> String {
        match &self.effect {
            Effect::Pending => "it is pending again".to_owned(),
            Effect::NotHere => {
                "it is not for this environment, so it runs only in others".to_owned()
            }
            Effect::Refused(reason) => format!("a run refuses it, since {reason}"),
            Effect::StillApplied => {
                "it still counts as applied, by a marker from before the app had its name"
                    .to_owned()
            }
            Effect::NotInApp { .. } => "the app does not have it, so nothing runs again".to_owned(),
            Effect::LetsRun(ids) => format!(
                "the app does not have it, and what has its text is pending: {}",
                ids.join(", ")
            ),
            Effect::KnownToApp => {
                "it is pending again if the app has this version of the projection".to_owned()
            }
            Effect::OfNewerVersion { own, is_pending } => {
                let state = if *is_pending { "pending" } else { "recorded" };
                format!("the app has version {own} of the projection, which is {state}")
            }
        }
    }
}

/// What comes of it where it is a rebuild that the app does not have.
fn of_rebuild(id: &str, rebuild: Rebuild<'_>, seeds: &AppSeeds, after: &Status) -> Option<Effect> {
    if seeds.get(id).is_some() {
        return None;
    }
    match seeds.rebuild_of(rebuild.projection()) {
        Some((own, source)) => Some(Effect::OfNewerVersion {
            own,
            is_pending: find(after, &source.id).is_some_and(|seed| seed.marker.is_none()),
        }),
        None if seeds.knows_rebuilds() => None,
        None => Some(Effect::KnownToApp),
    }
}

fn effect_on(seed: &SeedStatus, before: &Status, after: &Status) -> Effect {
    let Some(left) = find(after, &seed.id) else {
        let refused = before.seeds.iter().filter(|seed| is_refused(seed.state));
        let ids: Vec<String> = refused
            .filter(|seed| find(after, &seed.id).is_some_and(|seed| !is_refused(seed.state)))
            .map(|seed| seed.id.clone())
            .collect();
        return if ids.is_empty() {
            Effect::NotInApp { state: seed.state }
        } else {
            Effect::LetsRun(ids)
        };
    };
    match (left.state, &left.same_as) {
        (State::Renamed, Some(other)) => {
            Effect::Refused(format!("it is applied as {other}, whose file is gone"))
        }
        (State::Contested, _) => Effect::Refused(
            "a marker without the app's name is of another text: this app's or another's"
                .to_owned(),
        ),
        (State::NotHere, _) => Effect::NotHere,
        _ if left.marker.is_some() => Effect::StillApplied,
        _ => Effect::Pending,
    }
}

fn is_refused(state: State) -> bool {
    matches!(state, State::Renamed | State::Contested)
}

fn find<'a>(status: &'a Status, id: &str) -> Option<&'a SeedStatus> {
    status.seeds.iter().find(|seed| seed.id == id)
}
