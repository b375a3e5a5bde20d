//! What `--check` makes of where the seeds stand. Pure.

use std::collections::BTreeSet;

use kumiko_seeds::{SeedStatus, State, Status};

use super::arguments::StatusArguments;
use crate::failure::Exit;

/// The exit code: drift before what is pending. What goes on in the background is pending, unless it is allowed.
pub(super) fn exit(status: &Status, arguments: &StatusArguments) -> Exit {
    if status.has_drifted() {
        return Exit::Drift;
    }
    let is_pending = if arguments.allow_background {
        has_pending_in_foreground(status)
    } else {
        status.has_pending()
    };
    if is_pending {
        Exit::NotApplied
    } else {
        Exit::Fine
    }
}

/// Whether something is not applied that somebody has to do something about: all but the background seeds on their way and
/// those that only wait for them.
fn has_pending_in_foreground(status: &Status) -> bool {
    // A seed sorts after those that it waits for.
    let on_their_way = status.seeds.iter().fold(BTreeSet::new(), |mut ids, seed| {
        let waits = |id: &String| ids.contains(&**id);
        let only_waits = !seed.waits_for.is_empty() && seed.waits_for.iter().all(waits);
        if is_on_its_way(seed) && (seed.background || only_waits) {
            ids.insert(seed.id.as_str());
        }
        ids
    });
    let mut rest = status.clone();
    rest.seeds.retain(|seed| !on_their_way.contains(&*seed.id));
    rest.has_pending()
}

fn is_on_its_way(seed: &SeedStatus) -> bool {
    matches!(seed.state, State::Pending | State::Running | State::Paused)
}

#[cfg(test)]
mod tests {
    use kumiko_seeds::{Environment, History, ProgressState, SeedInfo, SeedProgress, SkipFlags};

    use super::*;

    fn exit_of<'a>(
        seeds: impl IntoIterator<Item = SeedInfo<'a>>,
        state: Option<ProgressState>,
        allow_background: bool,
    ) -> Exit {
        let mut history = History::default();
        history.progress.extend(state.map(|state| {
            let mut progress = SeedProgress::default();
            progress.id = "a".to_owned();
            progress.state = state;
            progress
        }));
        let status = Status::compare(seeds, history, &SkipFlags::default(), &Environment::Unset);
        let arguments = StatusArguments {
            check: true,
            allow_background,
            ..StatusArguments::default()
        };
        exit(&status, &arguments)
    }

    #[test]
    fn the_background_may_go_on_where_it_is_allowed() {
        let background = || SeedInfo::new("a", "").in_background();
        let waits = || SeedInfo::new("b", "").after(["a"]);
        let waits_for_that = || SeedInfo::new("c", "").after(["a", "b"]);
        let states = [
            (None, Exit::Fine),
            (Some(ProgressState::Running), Exit::Fine),
            (Some(ProgressState::Paused), Exit::Fine),
            (Some(ProgressState::Failed), Exit::NotApplied),
            (Some(ProgressState::Cancelled), Exit::NotApplied),
        ];
        for (state, expected) in states {
            let seeds = || [background(), waits(), waits_for_that()];
            assert_eq!(exit_of(seeds(), state, true), expected, "{state:?}");
            assert_eq!(exit_of(seeds(), state, false), Exit::NotApplied);
        }
    }

    #[test]
    fn the_foreground_may_not() {
        let running = Some(ProgressState::Running);
        for (seeds, state) in [
            (vec![SeedInfo::new("a", "")], running),
            (vec![SeedInfo::new("a", "")], None),
            (
                vec![
                    SeedInfo::new("a", "").in_background(),
                    SeedInfo::new("b", ""),
                ],
                running,
            ),
            (
                vec![
                    SeedInfo::new("a", "").in_background(),
                    SeedInfo::new("b", ""),
                    SeedInfo::new("c", "").after(["a", "b"]),
                ],
                running,
            ),
        ] {
            assert_eq!(exit_of(seeds, state, true), Exit::NotApplied);
        }
        assert_eq!(exit_of([], None, true), Exit::Fine);
    }
}
