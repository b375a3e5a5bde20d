//! The runner's protocol: everything holds, whatever fails and whenever.

use crate::check::{Found, check};
use crate::deployment::Deployment;
use crate::protocol::Statement::{
    Begin, Commit, FindMarker, InsertMarker, RollBack, TakeLock, Write,
};
use crate::protocol::{Doubt, Message, Protocol};

fn holds(protocol: Protocol, replicas: usize, seeds: usize, faults: usize) {
    let deployment = Deployment {
        protocol,
        replicas,
        seeds,
        faults,
    };
    assert_eq!(check(&deployment), Found::default());
}

#[test]
fn two_replicas_survive_two_faults() {
    holds(Protocol::AS_WRITTEN, 2, 2, 2);
}

#[test]
fn three_replicas_survive_a_fault() {
    holds(Protocol::AS_WRITTEN, 3, 2, 1);
}

/// As on SQLite, and as in a seed that sends its own statements.
#[test]
fn each_statement_may_be_a_message() {
    let attempt: &[Message] = &[
        &[Begin],
        &[TakeLock],
        &[FindMarker],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker],
        &[Commit],
    ];
    holds(Protocol::attempting(attempt), 2, 2, 1);
}

/// It saves the wait for the lock where the commit was done, and proves nothing where it was not.
#[test]
fn the_question_before_the_lock_may_be_left_out() {
    let doubt = Doubt::Ask(&[&[Begin], &[TakeLock], &[FindMarker], &[RollBack]]);
    holds(Protocol::doubting(doubt), 2, 2, 1);
}

#[test]
#[ignore = "visits more than a million states"]
fn more_of_everything() {
    holds(Protocol::AS_WRITTEN, 2, 3, 2);
    holds(Protocol::AS_WRITTEN, 2, 2, 3);
    holds(Protocol::AS_WRITTEN, 3, 2, 2);
}
