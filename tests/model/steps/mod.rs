//! Operations of many transactions: steps that commit their work together with how far it is.
//!
//! | here | in `kumiko-seeds/src` |
//! |---|---|
//! | `start` | `Steps::begin` of `runner/steps`, by `UnderLock::attempt` |
//! | `step` | `Steps::step`, by the same; after a step on PostgreSQL its lock and look are a part of `Backend::commit` |
//! | `at_once` | `Queue::perform` of `runner/queue.rs`, and `mark` of `by_hand.rs` |
//! | `Look` under a lock | `Sought::look` of `ledger/looking.rs` |
//! | `LookForProgress`, `LookForMarker` | `find_progress` and `Sought::check` in `Steps::begin`; `Sought::recheck`, whose look at both at one moment comes before |
//! | `InsertProgress`, `Advance` | `Record` of `ledger/progress.rs` |
//!
//! 1. Look, without a lock: is there a marker, is there progress?
//! 2. No progress: **start**. Under the lock of seeds, look again, for progress first, insert progress, commit. A release in which the seed is
//!    one transaction looks under that lock, too, so that only one of the two begins.
//! 3. Progress: a **step**. Under the lock of this operation, which is another one, look again; work on the items after the
//!    cursor; write the new cursor, or, after the last item, the marker in place of the progress; commit.
//! 4. Whatever happens, go on with 1. A commit without an answer needs no question: the next look tells.
//!
//! Whoever writes a marker in one transaction, a release in which the seed is no operation of steps or a person who marks it,
//! refuses where there is progress.

mod checked;
mod database;
mod protocol;
mod worker;

use crate::steps::checked::{Deployment, broken};
use crate::steps::protocol::Protocol;
use crate::steps::protocol::Statement::{
    Advance, Begin, Commit, InsertMarker, InsertProgress, Look, LookForMarker, LookForProgress,
    RollBack, TakeOperationLock, TakeSeedsLock, Work, WorkOnAll,
};

const ONCE: &str = "no item is done twice";
const VOUCHED: &str = "a marker stands for each item, once";
const TOGETHER: &str = "the cursor stands where the items do";
const NOT_AFTER: &str = "nothing is done after the marker is there";

const ALL: [&str; 4] = [ONCE, VOUCHED, TOGETHER, NOT_AFTER];

fn alone(protocol: Protocol) -> Vec<&'static str> {
    broken(Deployment {
        protocol,
        workers: 2,
        others: 0,
        faults: 1,
    })
}

fn beside_one_transaction(protocol: Protocol) -> Vec<&'static str> {
    broken(Deployment {
        protocol,
        workers: 2,
        others: 1,
        faults: 1,
    })
}

#[test]
fn each_item_is_done_once_whatever_fails() {
    let twice = Deployment {
        protocol: Protocol::AS_WRITTEN,
        workers: 2,
        others: 0,
        faults: 2,
    };
    assert_eq!(broken(twice), [""; 0]);
}

/// An older or a newer release, or a person who marks the seed.
#[test]
fn also_beside_a_release_in_which_it_is_one_transaction() {
    assert_eq!(beside_one_transaction(Protocol::AS_WRITTEN), [""; 0]);
}

#[test]
#[ignore = "visits more than a million states"]
fn with_more_of_everything() {
    let more = Deployment {
        protocol: Protocol::AS_WRITTEN,
        workers: 3,
        others: 1,
        faults: 2,
    };
    assert_eq!(broken(more), [""; 0]);
}

/// As on SQLite.
#[test]
fn a_step_may_begin_with_a_message_of_its_own() {
    let unchained = Protocol {
        step: Protocol::UNCHAINED,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(alone(unchained), [""; 0]);
    assert_eq!(beside_one_transaction(unchained), [""; 0]);
}

/// As the best known tools do it: they repeat work after a kill.
#[test]
fn a_cursor_that_is_saved_apart_repeats_items() {
    let step = &[
        &[Begin] as &[_],
        &[TakeOperationLock, Look],
        &[Work],
        &[Commit],
        &[Begin],
        &[Advance, Commit],
    ];
    let apart = Protocol {
        step,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(alone(apart), ALL);
}

#[test]
fn steps_without_a_lock_do_items_twice() {
    let step = &[&[Begin] as &[_], &[Look], &[Work], &[Advance, Commit]];
    let unlocked = Protocol {
        step,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(alone(unlocked), ALL);
}

#[test]
fn progress_that_is_read_before_the_lock_does_items_twice() {
    let step = &[
        &[Begin] as &[_],
        &[Look],
        &[TakeOperationLock],
        &[Work],
        &[Advance, Commit],
    ];
    let early = Protocol {
        step,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(alone(early), ALL);
}

/// The other release has looked, sees no progress, and commits all items when the first step is committed.
#[test]
fn a_start_without_the_lock_of_seeds_does_items_twice() {
    let start = &[
        &[Begin] as &[_],
        &[LookForProgress],
        &[LookForMarker],
        &[InsertProgress, Commit],
    ];
    let unlocked = Protocol {
        start,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(beside_one_transaction(unlocked), ALL);
}

#[test]
fn one_transaction_that_does_not_look_for_progress_does_items_twice() {
    let careless = Protocol {
        others_heed_progress: protocol::Heed::No,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(beside_one_transaction(careless), ALL);
}

/// The last step has another lock. It is committed between the two looks, and a row says that nothing is done beside a marker.
#[test]
fn a_start_that_looks_for_the_marker_first_begins_what_is_done() {
    let start = &[
        &[Begin] as &[_],
        &[TakeSeedsLock],
        &[LookForMarker],
        &[LookForProgress],
        &[InsertProgress, Commit],
    ];
    let early = Protocol {
        start,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(alone(early), [TOGETHER]);
}

/// The same of a release that would do all of it once more.
#[test]
fn one_transaction_that_looks_for_the_marker_first_does_items_twice() {
    let at_once = &[
        &[Begin] as &[_],
        &[TakeSeedsLock],
        &[LookForMarker],
        &[LookForProgress],
        &[WorkOnAll],
        &[InsertMarker, Commit],
    ];
    let early = Protocol {
        at_once,
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(beside_one_transaction(early), [ONCE, VOUCHED, NOT_AFTER]);
}

/// Where the order does not matter.
#[test]
fn a_look_at_both_at_one_moment_will_do() {
    let at_one_moment = Protocol {
        start: &[&[Begin], &[TakeSeedsLock, Look], &[InsertProgress, Commit]],
        at_once: &[
            &[Begin],
            &[TakeSeedsLock, Look],
            &[WorkOnAll],
            &[InsertMarker, Commit],
        ],
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(beside_one_transaction(at_one_moment), [""; 0]);
}

/// What a list may have, so that none is forgotten here.
#[test]
fn the_lists_are_those_of_the_text_above() {
    assert_eq!(
        Protocol::AS_WRITTEN.start,
        [
            &[Begin] as &[_],
            &[TakeSeedsLock],
            &[LookForProgress],
            &[LookForMarker],
            &[InsertProgress, Commit]
        ]
    );
    assert_eq!(
        Protocol::AS_WRITTEN.step,
        [
            &[Begin] as &[_],
            &[TakeOperationLock, Look],
            &[Work],
            &[Advance, Commit, Begin, TakeOperationLock, Look]
        ]
    );
    assert_eq!(
        Protocol::AS_WRITTEN.at_once,
        [
            &[Begin] as &[_],
            &[TakeSeedsLock],
            &[LookForProgress],
            &[LookForMarker],
            &[WorkOnAll],
            &[InsertMarker, Commit]
        ]
    );
    assert_eq!(protocol::ROLL_BACK, [RollBack]);
}
