//! Migrating a stream beside people who append to it: no event that was taken is lost, and versions have no gaps.
//!
//! | here | in `kumiko-seeds/src/events` |
//! |---|---|
//! | `Read`, `Close`, `Move` | `migrate_one` of `migration/kept.rs` |
//! | `LockTable`, `Read`, `Rewrite` | `lock_writers_out` and `migrate_one` of `migration/in_place.rs` |
//! | `Writer` | `insert_event` of `backend/`, in a transaction of the app's |
//!
//! A statement has a snapshot of its own. A writer's asks in it for the version and for the mark, and inserts after that, when both may be others. At
//! the index of versions whoever comes second waits until the first is over.
//!
//! In place the first event is dropped, so that the stream is shorter afterwards.

mod checked;
mod database;

use crate::fence::checked::{Deployment, broken};
use crate::fence::database::Statement::{
    self, AskVersion, Close, LockTable, Move, Read, Reopen, Rewrite,
};

const NOT_LOST: &str = "an event that was taken is there, and migrated if its stream is";
const NO_GAPS: &str = "versions are 1, 2, 3 …";

fn with(statements: &'static [Statement]) -> Vec<&'static str> {
    broken(Deployment {
        statements,
        writers: 3,
        faults: 2,
    })
}

#[test]
fn a_stream_is_closed_before_it_is_moved() {
    assert_eq!(with(&[Read, Close, Move]), [""; 0]);
}

/// The writer has looked before the mark was there, and commits after it.
#[test]
fn a_mark_alone_loses_events() {
    assert_eq!(with(&[Read, Move]), [NOT_LOST]);
}

/// The version is that of an event which was not read.
#[test]
fn a_version_that_is_asked_for_later_loses_events() {
    assert_eq!(with(&[Read, AskVersion, Close, Move]), [NOT_LOST]);
}

/// What is read behind the closing event is all that there will be.
#[test]
fn events_may_be_read_after_the_stream_is_closed() {
    assert_eq!(with(&[AskVersion, Close, Read, Move]), [""; 0]);
}

#[test]
fn in_place_writers_are_locked_out_before_the_events_are_read() {
    assert_eq!(with(&[LockTable, Read, Rewrite]), [""; 0]);
}

#[test]
fn in_place_without_the_lock_events_are_lost() {
    assert_eq!(with(&[Read, Rewrite]), [NOT_LOST, NO_GAPS]);
}

#[test]
fn in_place_events_that_are_read_before_the_lock_are_lost() {
    assert_eq!(with(&[Read, LockTable, Rewrite]), [NOT_LOST]);
}

/// Whoever waits at the version of the closing event goes on once it is deleted, to a stream that is shorter.
#[test]
fn in_place_an_event_that_is_deleted_again_is_no_fence() {
    assert_eq!(with(&[Read, Close, Rewrite, Reopen]), [NO_GAPS]);
}
