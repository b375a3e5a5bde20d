//! What a run makes of the seeds once a marker is taken away. Pure.

use kumiko_seeds::{App, History, SeedStatus, SkipFlags, State, Status};

use crate::app_seeds::AppSeeds;
use crate::database::DatabaseUrl;
use crate::failure::Failure;

/// A seed whose marker is to be taken away, and what that leads to.
#[derive(Clone, Debug)]
pub(super) struct Unmarking {
    pub(super) id: String,
    /// Whose marker it is. One from before the app had its name is taken away as it is.
    pub(super) app: App,
    effect: Effect,
}

#[derive(Clone, Debug)]
enum Effect {
    /// It runs again.
    Pending,
    /// It is pending, and a run refuses it for this reason.
    Refused(String),
    /// Another marker says the same.
    StillApplied,
    /// The app does not have it.
    NotInApp { state: State },
    /// The app does not have it, and a run refused these as long as it was applied.
    LetsRun(Vec<String>),
}

impl Unmarking {
    /// The unmarking of the seed that `given` names, among those of the app and those in `history`.
    pub(super) fn of(given: &str, seeds: &AppSeeds, history: History) -> Result<Self, Failure> {
        let flags = SkipFlags::default();
        let before = Status::compare(seeds.infos(), history.clone(), &flags);
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
        let after = Status::compare(seeds.infos(), history, &flags);
        Ok(Self {
            id: id.clone(),
            app,
            effect: effect(seed, &before, &after),
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
        }
    }
}

fn effect(seed: &SeedStatus, before: &Status, after: &Status) -> Effect {
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
