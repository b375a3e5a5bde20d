//! What has to hold in every state, and what has to happen in some.

use stateright::Property;

use crate::database::Stored;
use crate::deployment::Deployment;
use crate::protocol::{List, Statement};
use crate::replica::{Claim, Place, Replica, Step, Then};
use crate::state::State;

pub(crate) const ONCE: &str = "no event is committed twice";
pub(crate) const MARKED: &str = "no event is committed without the marker of its seed";
pub(crate) const VOUCHED: &str = "a marker stands for each event of its seed, once";
pub(crate) const IN_ORDER: &str = "no seed is committed before an earlier one";
pub(crate) const ONE_WRITER: &str = "one transaction at a time has writes that are not committed";
pub(crate) const OK: &str = "Ok means that all seeds are applied";
pub(crate) const APPLIED: &str = "a seed that is said to be applied is, and by whom it is said";
pub(crate) const NOT_APPLIED: &str = "a commit that is said to have failed has, and stays so";
pub(crate) const ROLLED_BACK: &str = "a seed that is said to be rolled back is, or will be";
pub(crate) const WITHIN_REACH: &str = "once faults end, all replicas come to Ok";

pub(crate) fn always() -> Vec<Property<Deployment>> {
    vec![
        Property::always(ONCE, |_, state: &State| {
            let mut events = state.database.seeds.iter().flat_map(|seed| seed.events);
            events.all(|copies| copies <= 1)
        }),
        Property::always(MARKED, |_, state: &State| {
            let mut seeds = state.database.seeds.iter();
            seeds.all(|seed| seed.marker.is_some() || seed.events.iter().all(|copies| *copies == 0))
        }),
        Property::always(VOUCHED, |_, state: &State| {
            let mut seeds = state.database.seeds.iter();
            seeds.all(|seed| seed.marker.is_none() || seed.events.iter().all(|copies| *copies == 1))
        }),
        Property::always(IN_ORDER, |_, state: &State| {
            let seeds = &state.database.seeds;
            seeds.is_sorted_by_key(|seed| seed.marker.is_none())
        }),
        Property::always(ONE_WRITER, |_, state: &State| {
            let of_replicas = state.replicas.iter().map(|replica| &replica.transaction);
            let of_orphans = state.orphans.iter().map(|orphan| &orphan.transaction);
            let open = of_replicas.chain(of_orphans).flatten();
            open.filter(|transaction| transaction.has_written()).count() <= 1
        }),
        Property::always(OK, |_, state: &State| {
            !state.lies.contains(&Claim::Finished)
        }),
        Property::always(APPLIED, |_, state: &State| {
            let mut lies = state.lies.iter();
            !lies.any(|lie| matches!(lie, Claim::Applied(_) | Claim::AppliedElsewhere(_)))
        }),
        Property::always(NOT_APPLIED, |_, state: &State| {
            let mut lies = state.lies.iter();
            !lies.any(|lie| matches!(lie, Claim::NotApplied(_)))
        }),
        Property::always(ROLLED_BACK, |_, state: &State| {
            let mut lies = state.lies.iter();
            !lies.any(|lie| matches!(lie, Claim::RolledBack(_)))
        }),
        Property::always(WITHIN_REACH, comes_to_ok),
    ]
}

/// What would go unproven if it never happened.
pub(crate) fn sometimes() -> Vec<Property<Deployment>> {
    vec![
        Property::sometimes("all replicas come to Ok", |_, state: &State| is_over(state)),
        Property::sometimes("the lock is taken", |_, state: &State| {
            let goes_back = Step::RollBack(Then::LookAgain);
            let mut replicas = state.replicas.iter();
            replicas.any(|replica| replica.step == goes_back && !replica.has_lock())
        }),
        Property::sometimes("the re-check finds a marker", |_, state: &State| {
            let goes_back = Step::RollBack(Then::LookAgain);
            let mut replicas = state.replicas.iter();
            replicas.any(|replica| replica.step == goes_back && replica.has_lock())
        }),
        Property::sometimes("a client that is gone has the lock", |_, state: &State| {
            let mut open = state
                .orphans
                .iter()
                .filter_map(|orphan| orphan.transaction.as_ref());
            open.any(|transaction| transaction.has_lock)
        }),
        Property::sometimes(
            "a client that is gone has taken the next lock",
            |deployment, state: &State| {
                let mut orphans = state.orphans.iter();
                deployment.protocol.chain.is_none()
                    || orphans.any(|orphan| {
                        let locked = orphan.transaction.as_ref();
                        let ends_with_look = orphan.requests.back().map(|last| last.statement);
                        locked.is_some_and(|open| open.has_lock && !open.has_written())
                            && ends_with_look == Some(Statement::FindMarker)
                    })
            },
        ),
        Property::sometimes("a commit in doubt is done late", |_, state: &State| {
            in_doubt(state).any(|(replica, place)| {
                place.message > 0 && marker(state, replica) == Some(replica.number)
            })
        }),
        Property::sometimes(
            "a commit in doubt has failed",
            |deployment, state: &State| {
                in_doubt(state)
                    .any(|(replica, _)| replica.statement(deployment) == Some(Statement::RollBack))
            },
        ),
        Property::sometimes(
            "a seed in doubt is applied by another",
            |_, state: &State| {
                in_doubt(state).any(|(replica, _)| {
                    marker(state, replica).is_some_and(|author| author != replica.number)
                })
            },
        ),
    ]
}

/// Whether all ends well if each replica goes on and is started again if it is not running. However
/// the server decides about what clients left that are gone, the state after that is one of those from
/// which this is asked.
fn comes_to_ok(deployment: &Deployment, state: &State) -> bool {
    const MORE_ROUNDS_THAN_IT_TAKES: usize = 100;
    let mut state = state.clone();
    for _ in 0..MORE_ROUNDS_THAN_IT_TAKES {
        if is_over(&state) {
            return state.database.seeds.iter().all(Stored::is_applied);
        }
        state.go_on(deployment);
    }
    false
}

fn is_over(state: &State) -> bool {
    let mut replicas = state.replicas.iter();
    replicas.all(|replica| replica.step == Step::Finished)
}

/// The replicas that ask about a commit, and how far they are.
fn in_doubt(state: &State) -> impl Iterator<Item = (&Replica, Place)> {
    state
        .replicas
        .iter()
        .filter_map(|replica| match replica.step {
            Step::Run(List::Doubt, place) => Some((replica, place)),
            _ => None,
        })
}

fn marker(state: &State, replica: &Replica) -> Option<usize> {
    state.database.seeds[replica.seed()].marker
}
