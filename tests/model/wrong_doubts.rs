//! What becomes of a commit without an answer, misjudged in every way.

use crate::check;
use crate::properties::{APPLIED, IN_ORDER, NOT_APPLIED, OK, ONCE, VOUCHED, WITHIN_REACH};
use crate::protocol::Statement::{
    Begin, Commit, FindMarker, InsertMarker, RollBack, TakeLock, Write,
};
use crate::protocol::{Doubt, Message, Protocol};

fn broken(doubt: Doubt, replicas: usize) -> Vec<&'static str> {
    check::broken(Protocol::doubting(doubt), replicas, 1)
}

#[test]
fn to_repeat_the_seed_without_a_recheck_doubles_it() {
    let repeat: &[Message] = &[
        &[Begin],
        &[TakeLock],
        &[Write(0)],
        &[Write(1)],
        &[InsertMarker, Commit],
    ];
    assert_eq!(broken(Doubt::Repeat(repeat), 1), [ONCE, VOUCHED]);
}

#[test]
fn to_believe_in_the_commit_loses_the_seed() {
    assert_eq!(
        broken(Doubt::Believe, 1),
        [IN_ORDER, OK, APPLIED, WITHIN_REACH]
    );
}

#[test]
fn to_say_without_asking_that_it_failed_is_a_guess() {
    assert_eq!(broken(Doubt::Ask(&[]), 1), [NOT_APPLIED]);
}

#[test]
fn to_ask_without_the_lock_is_to_ask_too_early() {
    assert_eq!(broken(Doubt::Ask(&[&[FindMarker]]), 1), [NOT_APPLIED]);
}

#[test]
fn to_wait_for_the_lock_without_asking_is_a_guess() {
    let wait: &[Message] = &[&[Begin], &[TakeLock], &[RollBack]];
    assert_eq!(broken(Doubt::Ask(wait), 1), [NOT_APPLIED]);
}

#[test]
fn to_take_any_marker_for_its_own_claims_the_work_of_another_replica() {
    let ask: &[Message] = &[
        &[FindMarker],
        &[Begin],
        &[TakeLock],
        &[FindMarker],
        &[RollBack],
    ];
    assert_eq!(broken(Doubt::AskCarelessly(ask), 2), [APPLIED]);
}
