//! A seed that commits behind the runner's back, between its two events.
//!
//! No protocol can undo what it has committed, and every replica that comes after repeats it. What a
//! protocol can do is to vouch for none of it.

use crate::check;
use crate::properties::{APPLIED, MARKED, ONCE, ROLLED_BACK, VOUCHED, WITHIN_REACH};
use crate::protocol::Statement::{
    Begin, Commit, FindMarker, InsertMarker, InsertMarkerAnywhere, TakeLock, Write,
};
use crate::protocol::{Message, Protocol};

fn broken(attempt: &'static [Message], faults: usize) -> Vec<&'static str> {
    check::broken(Protocol::attempting(attempt), 2, faults)
}

#[test]
fn a_seed_that_commits_gets_no_marker_and_is_never_said_to_be_applied() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[Write(0)],
        &[Commit],
        &[Write(1)],
        &[InsertMarker, Commit],
    ];
    assert_eq!(
        broken(attempt, 1),
        [ONCE, MARKED, ROLLED_BACK, WITHIN_REACH]
    );
}

/// The refusal of the marker keeps the commit from being acted on that is sent with it.
#[test]
fn a_seed_that_begins_another_transaction_commits_nothing_in_it() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[Commit],
        &[Begin],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker, Commit],
    ];
    let broken = broken(attempt, 1);
    for kept in [ONCE, MARKED, VOUCHED] {
        assert!(!broken.contains(&kept), "{kept}");
    }
}

#[test]
fn a_marker_that_is_never_refused_vouches_for_what_is_doubled() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock, FindMarker],
        &[Write(0)],
        &[Commit],
        &[Write(1)],
        &[InsertMarkerAnywhere, Commit],
    ];
    assert_eq!(broken(attempt, 0), [ONCE, MARKED, VOUCHED, APPLIED]);
}
