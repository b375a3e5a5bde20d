//! Rows that are computed from the events of one stream each.

use super::checked::Deployment;
use super::database::Source;
use super::protocol::Later::{AboveAllFolded, NewerVersions};
use super::protocol::Statement::{
    CatchUp, CommitIfEqual, Compare, FindLater, Fold, KeepSnapshot, Lock, LockRows, Merge,
};
use super::protocol::{Mode, Protocol, ROWS_OF_ONE_STREAM, Rows};
use super::rebuilder::Chunk;
use super::writer::Way;
use super::{AT_ONCE, AT_THE_END, MORE_WRITERS, STAYS, UNHARMED};
use crate::check::Found;

const AS_WRITTEN: Deployment = Deployment {
    source: Source::OneStream,
    protocol: ROWS_OF_ONE_STREAM,
    chunks: &[&[0, 1]],
    way: Way::ActsOnTheRow,
    writers: &[1, 1],
};

const EACH_ALONE: &[Chunk] = &[&[0], &[1]];

fn holds(deployment: Deployment) {
    assert_eq!(deployment.check(), Found::default());
}

fn broken(protocol: Protocol) -> Vec<&'static str> {
    broken_by_writers(AS_WRITTEN.way, protocol)
}

fn broken_by_writers(way: Way, protocol: Protocol) -> Vec<&'static str> {
    let deployment = Deployment {
        protocol,
        way,
        ..AS_WRITTEN
    };
    deployment.check().broken
}

#[test]
fn every_row_is_right_whatever_writers_do_and_whatever_dies() {
    holds(AS_WRITTEN);
}

#[test]
fn also_chunk_after_chunk() {
    holds(Deployment {
        chunks: EACH_ALONE,
        ..AS_WRITTEN
    });
}

#[test]
fn a_transaction_may_write_several_events() {
    let writers = &[2, 1];
    holds(Deployment {
        writers,
        ..AS_WRITTEN
    });
}

#[test]
fn writers_may_read_rows_for_update() {
    let way = Way::ReadsForUpdate;
    holds(Deployment { way, ..AS_WRITTEN });
}

#[test]
#[ignore = "visits a million states"]
fn with_more_of_everything() {
    for way in [Way::ActsOnTheRow, Way::ReadsForUpdate] {
        for chunks in [AS_WRITTEN.chunks, EACH_ALONE] {
            for writers in MORE_WRITERS {
                holds(Deployment {
                    chunks,
                    way,
                    writers,
                    ..AS_WRITTEN
                });
            }
        }
    }
}

/// It needs nothing else, and makes all writers wait for all of it.
#[test]
fn a_lock_before_everything_is_enough() {
    let protocol = &[
        Lock(Mode::Exclusive),
        Fold,
        Compare,
        CommitIfEqual,
        Merge(Rows::ThatDiffer),
    ];
    holds(Deployment {
        protocol,
        ..AS_WRITTEN
    });
}

/// A row says one too few, the fold reads its events, a writer adds one: the row is equal to what was folded.
#[test]
fn a_comparison_with_what_was_folded_before_takes_a_wrong_row_for_a_right_one() {
    let rows_alone = &[
        Fold,
        Compare,
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(rows_alone), [AT_THE_END, AT_ONCE]);
}

#[test]
fn later_events_that_are_sought_before_the_comparison_do_not_mend_it() {
    let too_early = &[
        Fold,
        FindLater(NewerVersions),
        Compare,
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(too_early), [AT_THE_END, AT_ONCE]);
}

#[test]
fn without_the_lock_events_that_commit_before_the_merge_are_lost() {
    let unlocked = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(unlocked), [AT_THE_END, AT_ONCE, STAYS]);
}

#[test]
fn a_snapshot_older_than_the_lock_hides_events_from_the_catch_up() {
    let one_snapshot = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        KeepSnapshot,
        Lock(Mode::Exclusive),
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(one_snapshot), [AT_THE_END, AT_ONCE, STAYS]);
}

/// A writer's UPDATE meets no row, and locks none.
#[test]
fn row_locks_do_not_guard_absent_rows() {
    let row_locks = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        LockRows,
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(row_locks), [AT_THE_END, AT_ONCE, STAYS]);
}

#[test]
fn without_the_catch_up_events_since_the_fold_are_lost() {
    let outdated = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(outdated), [AT_THE_END, AT_ONCE, STAYS]);
}

/// The catch-up knows nothing of a stream that has come since, or has gone on.
#[test]
fn a_merge_of_rows_that_did_not_differ_spoils_them() {
    let whole_chunk = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NewerVersions),
        Merge(Rows::OfTheChunk),
    ];
    assert_eq!(broken(whole_chunk), [AT_ONCE, STAYS]);
}

/// A lower id commits when a higher one of another stream is folded.
#[test]
fn a_catch_up_by_id_misses_what_commits_late() {
    let by_id = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(AboveAllFolded),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(by_id), [AT_THE_END, AT_ONCE, STAYS]);
}

/// SHARE ROW EXCLUSIVE keeps out who writes, and lets in who reads FOR UPDATE. That writer and the merge wait for each other; and
/// where there was no row, it does not write the one that the merge inserts.
#[test]
fn a_lock_that_lets_in_who_reads_for_update_is_too_weak() {
    let weaker = &[
        Fold,
        Compare,
        FindLater(NewerVersions),
        CommitIfEqual,
        Lock(Mode::ShareRowExclusive),
        CatchUp(NewerVersions),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(weaker), [""; 0]);
    assert_eq!(
        broken_by_writers(Way::ReadsForUpdate, weaker),
        [AT_THE_END, AT_ONCE, STAYS, UNHARMED]
    );
}

/// No rebuild can help: not even one that locks the table before it reads anything.
#[test]
fn a_writer_that_reads_without_a_lock_writes_over_what_was_repaired() {
    let broken = |protocol| broken_by_writers(Way::ReadsWithoutLock, protocol);
    let everything_locked = &[
        Lock(Mode::Exclusive),
        Fold,
        Compare,
        CommitIfEqual,
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(ROWS_OF_ONE_STREAM), [AT_THE_END, AT_ONCE, STAYS]);
    assert_eq!(broken(everything_locked), [AT_THE_END, AT_ONCE, STAYS]);
}

/// The rebuild counts the event, and the second transaction counts it again; or the writer dies before the second.
#[test]
fn an_event_that_is_committed_without_its_row_is_counted_twice_or_never() {
    assert_eq!(
        broken_by_writers(Way::CommitsTwice, ROWS_OF_ONE_STREAM),
        [AT_THE_END, AT_ONCE, STAYS]
    );
}
