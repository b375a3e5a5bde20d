//! What each part of an attempt is for: without it, this breaks.

use crate::check::broken;
use crate::properties::{
    APPLIED, MARKED, NOT_APPLIED, OK, ONCE, ONE_WRITER, ROLLED_BACK, VOUCHED, WITHIN_REACH,
};
use crate::protocol::Statement::{
    Begin, BeginWithSnapshot, Commit, FindMarker, InsertMarker, InsertMarkerAnywhere, ReleaseLock,
    TakeLock, TakeLockForGood, Write,
};
use crate::protocol::{Chain, Message, Protocol};

/// What is broken although nothing fails, by two replicas.
fn broken_by_another_replica(attempt: &'static [Message]) -> Vec<&'static str> {
    broken(Protocol::attempting(attempt), 2, 0)
}

/// What is broken by one fault, of a replica that is alone.
fn broken_by_a_fault(attempt: &'static [Message]) -> Vec<&'static str> {
    broken(Protocol::attempting(attempt), 1, 1)
}

#[test]
fn without_a_lock_a_seed_runs_twice() {
    let attempt: &[Message] = &[
        &[Begin],
        &[FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarkerAnywhere, Commit],
    ];
    assert_eq!(
        broken_by_another_replica(attempt),
        [ONCE, VOUCHED, ONE_WRITER]
    );
}

#[test]
fn without_a_recheck_a_seed_runs_twice() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker, Commit],
    ];
    assert_eq!(broken_by_another_replica(attempt), [ONCE, VOUCHED]);
}

/// The same as a re-check in the statement that takes the lock, whose snapshot is taken before it runs.
#[test]
fn a_snapshot_older_than_the_lock_hides_the_marker_from_the_recheck() {
    let attempt: &[Message] = &[
        &[BeginWithSnapshot],
        &[TakeLock, FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker, Commit],
    ];
    assert_eq!(broken_by_another_replica(attempt), [ONCE, VOUCHED]);
}

#[test]
fn a_lock_in_a_transaction_of_its_own_guards_nothing() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, Commit],
        &[Begin],
        &[FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarkerAnywhere, Commit],
    ];
    assert_eq!(
        broken_by_another_replica(attempt),
        [ONCE, VOUCHED, ONE_WRITER]
    );
}

#[test]
fn a_lock_released_before_the_commit_lets_the_next_replica_in_too_early() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker, ReleaseLock],
        &[Commit],
    ];
    assert_eq!(
        broken_by_another_replica(attempt),
        [ONCE, VOUCHED, ONE_WRITER]
    );
}

#[test]
fn a_lock_that_outlives_its_holder_is_never_free_again() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLockForGood, FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarkerAnywhere, Commit, ReleaseLock],
    ];
    assert_eq!(broken_by_a_fault(attempt), [WITHIN_REACH]);
}

/// As in the TypeScript original.
#[test]
fn a_marker_after_the_commit_is_missing_after_a_crash_and_the_seed_runs_twice() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[Commit],
        &[InsertMarkerAnywhere],
    ];
    assert_eq!(
        broken_by_a_fault(attempt),
        [ONCE, MARKED, VOUCHED, NOT_APPLIED, ROLLED_BACK]
    );
}

#[test]
fn a_marker_before_the_seed_is_there_after_a_crash_and_the_seed_is_lost() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[InsertMarker, Commit],
        &[Begin],
        &[Write(0)],
        &[Write(1)],
        &[Commit],
    ];
    assert_eq!(
        broken_by_a_fault(attempt),
        [VOUCHED, ONE_WRITER, OK, APPLIED, ROLLED_BACK, WITHIN_REACH]
    );
}

/// The next seed's lock comes with the commit, and another replica may have applied that seed while it was free.
#[test]
fn a_lock_that_comes_with_the_commit_needs_its_own_look() {
    let unseen = Protocol {
        chain: Some(Chain {
            last: &[InsertMarker, Commit, Begin, TakeLock],
            next: &[&[Begin, TakeLock]],
            then: 2,
        }),
        ..Protocol::AS_WRITTEN
    };
    assert_eq!(broken(unseen, 2, 0), [ONCE, VOUCHED]);
}
