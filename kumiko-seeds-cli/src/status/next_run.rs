//! Which seeds the next `seed:apply` takes up. Pure.

use std::collections::BTreeSet;

use kumiko_seeds::{SeedStatus, State, Status};

use crate::operation_id::asked_for;

/// The seeds that the next `seed:apply` takes up, in the order of their ids: those that are pending and those whose steps go
/// on, in the background as well, since it does them after the others. What waits for somebody is not among them: a seed that
/// is paused or cancelled, one that failed in the background, and whatever waits for one of these.
pub(super) fn ids(status: &Status) -> BTreeSet<&str> {
    let pending = status.seeds.iter().filter(|seed| seed.marker.is_none());
    let pending: BTreeSet<&str> = pending.map(|seed| seed.id.as_str()).collect();
    // A seed sorts after those that it waits for.
    status.seeds.iter().fold(BTreeSet::new(), |mut ids, seed| {
        let waits_in_vain = seed
            .waits_for
            .iter()
            .any(|id| pending.contains(&**id) && !ids.contains(&**id));
        if is_taken_up(seed) && !waits_in_vain {
            ids.insert(&seed.id);
        }
        ids
    })
}

fn is_taken_up(seed: &SeedStatus) -> bool {
    // Whoever has asked for a rebuild goes on with it.
    if asked_for(&seed.id).is_some() {
        return false;
    }
    match seed.state {
        State::Pending | State::OutOfOrder | State::Running => true,
        // A worker leaves it to somebody who looks at it; a run in the foreground is somebody's.
        State::Failed => !seed.background,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kumiko_seeds::{Environment, History, ProgressState, SeedInfo, SeedProgress, SkipFlags};

    use super::*;

    fn under_way(id: &str, state: ProgressState) -> SeedProgress {
        let mut progress = SeedProgress::default();
        progress.id = id.to_owned();
        progress.state = state;
        progress
    }

    #[test]
    fn what_waits_for_somebody_is_left_out() {
        let mut history = History::default();
        history.progress = vec![
            under_way("c", ProgressState::Running),
            under_way("d", ProgressState::Failed),
            under_way("e", ProgressState::Failed),
            under_way("f", ProgressState::Paused),
            under_way("g", ProgressState::Cancelled),
            under_way("projection-rebuild/members/2", ProgressState::Running),
            under_way("projection-rebuild/tenants/1/1", ProgressState::Running),
        ];
        let seed = |id| SeedInfo::new(id, "");
        let seeds = [
            seed("a"),
            seed("b").in_background(),
            seed("c").in_background(),
            seed("d").in_background(),
            seed("e"),
            seed("f").in_background(),
            seed("g"),
            seed("h").after(["b", "c"]),
            seed("i").after(["a", "f"]),
            seed("j").after(["i"]),
            seed("k").skipped_by("KUMIKO_SKIP_ES_OPS_K"),
        ];
        let flags = SkipFlags::from_values([("KUMIKO_SKIP_ES_OPS_K".to_owned(), "1".to_owned())]);
        let status = Status::compare(seeds, history, &flags, &Environment::Unset);
        let ids: Vec<&str> = ids(&status).into_iter().collect();
        assert_eq!(
            ids,
            ["a", "b", "c", "e", "h", "projection-rebuild/members/2"]
        );
    }
}
