//! A row that is computed from the events of several streams.

use super::checked::Deployment;
use super::database::Source;
use super::protocol::Later::{
    AboveAllFolded, AboveTheComplete, NotFoldedAboveTheComplete, NotFoldedAboveTheLast,
};
use super::protocol::Statement::{
    CatchUp, CommitIfEqual, Compare, FindLater, FoldNext, FoldRest, KeepShadow, ListWriters, Lock,
    Merge, OpenShadow, ReadTheLargest, ReadTheLast, WaitForWriters,
};
use super::protocol::{Mode, Protocol, ROWS_OF_SEVERAL_STREAMS, Rows};
use super::writer::Way;
use super::{AT_ONCE, AT_THE_END, MORE_WRITERS, STAYS};
use crate::check::Found;

const AS_WRITTEN: Deployment = Deployment {
    source: Source::AllStreams,
    protocol: ROWS_OF_SEVERAL_STREAMS,
    chunks: &[&[0, 1]],
    way: Way::ActsOnTheRow,
    writers: &[1, 1],
};

fn holds(deployment: Deployment) {
    assert_eq!(deployment.check(), Found::default());
}

fn broken(protocol: Protocol) -> Vec<&'static str> {
    let deployment = Deployment {
        protocol,
        ..AS_WRITTEN
    };
    deployment.check().broken
}

#[test]
fn the_row_is_right_whatever_writers_do_and_whatever_dies() {
    holds(AS_WRITTEN);
}

#[test]
fn also_beside_a_writer_of_two_events() {
    let writers = &[2, 1];
    holds(Deployment {
        writers,
        ..AS_WRITTEN
    });
}

#[test]
#[ignore = "visits a million states"]
fn with_more_of_everything() {
    for way in [Way::ActsOnTheRow, Way::ReadsForUpdate] {
        for writers in MORE_WRITERS {
            holds(Deployment {
                way,
                writers,
                ..AS_WRITTEN
            });
        }
    }
}

/// A lower id commits when the shadow has a higher one.
#[test]
fn without_the_fence_what_commits_late_is_lost() {
    let unfenced = &[
        OpenShadow,
        ReadTheLargest,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(unfenced), [AT_THE_END, AT_ONCE, STAYS]);
}

#[test]
fn a_fence_that_does_not_wait_is_none() {
    let impatient = &[
        OpenShadow,
        ReadTheLast,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(impatient), [AT_THE_END, AT_ONCE, STAYS]);
}

/// Who comes between the two draws an id that is not above the last, and is not waited for.
#[test]
fn writers_that_are_listed_before_the_last_id_is_read_are_too_few() {
    let too_early = &[
        OpenShadow,
        ListWriters,
        ReadTheLast,
        WaitForWriters,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(too_early), [AT_THE_END, AT_ONCE, STAYS]);
}

/// What was applied before a fence is not behind it when the fence is read.
#[test]
fn a_fence_after_the_fold_is_too_late() {
    let too_late = &[
        OpenShadow,
        FoldRest(NotFoldedAboveTheComplete),
        ReadTheLast,
        ListWriters,
        WaitForWriters,
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(too_late), [AT_THE_END, AT_ONCE, STAYS]);
}

/// The catch-up has applied events above the fence, and the next pass begins at the fence.
#[test]
fn a_shadow_that_is_kept_without_the_ids_above_its_fence_gets_them_twice() {
    let forgetful = &[
        OpenShadow,
        ReadTheLast,
        ListWriters,
        WaitForWriters,
        FoldRest(AboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(forgetful), [AT_THE_END, AT_ONCE, STAYS]);
}

#[test]
fn a_catch_up_above_all_that_was_folded_misses_what_commits_late() {
    let above_all = &[
        OpenShadow,
        ReadTheLast,
        ListWriters,
        WaitForWriters,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(AboveAllFolded),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(above_all), [AT_THE_END, AT_ONCE, STAYS]);
}

/// As with rows of one stream.
#[test]
fn a_comparison_with_what_was_folded_before_takes_a_wrong_row_for_a_right_one() {
    let row_alone = &[
        OpenShadow,
        ReadTheLast,
        ListWriters,
        WaitForWriters,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        CommitIfEqual,
        Lock(Mode::Exclusive),
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(row_alone), [AT_THE_END, AT_ONCE]);
}

#[test]
fn without_the_lock_events_that_commit_before_the_merge_are_lost() {
    let unlocked = &[
        OpenShadow,
        ReadTheLast,
        ListWriters,
        WaitForWriters,
        FoldNext,
        KeepShadow,
        FoldRest(NotFoldedAboveTheComplete),
        Compare,
        FindLater(NotFoldedAboveTheLast),
        CommitIfEqual,
        CatchUp(NotFoldedAboveTheLast),
        Merge(Rows::ThatDiffer),
    ];
    assert_eq!(broken(unlocked), [AT_THE_END, AT_ONCE, STAYS]);
}
