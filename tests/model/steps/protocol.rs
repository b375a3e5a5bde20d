//! What workers send.

use self::Statement::{
    Advance, Begin, Commit, InsertMarker, InsertProgress, Look, LookForMarker, LookForProgress,
    RollBack, TakeOperationLock, TakeSeedsLock, Work, WorkOnAll,
};

/// Statements that are sent together.
pub(super) type Message = &'static [Statement];

/// The transactions there are, each as its messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protocol {
    pub(super) start: &'static [Message],
    pub(super) step: &'static [Message],
    /// All of it in one transaction, by a release that knows no steps.
    pub(super) at_once: &'static [Message],
    /// Whether that release refuses where there is progress.
    pub(super) others_heed_progress: Heed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heed {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Statement {
    Begin,
    TakeSeedsLock,
    TakeOperationLock,
    /// Is there a marker, is there progress, and how far? All at one moment.
    Look,
    /// The one half of a look.
    LookForProgress,
    /// The other half.
    LookForMarker,
    InsertProgress,
    /// Does the item after the cursor that was seen.
    Work,
    /// Writes the cursor after that item; after the last one the marker, and takes the progress away.
    Advance,
    WorkOnAll,
    InsertMarker,
    Commit,
    RollBack,
}

pub(super) const ROLL_BACK: Message = &[RollBack];

impl Protocol {
    pub(super) const AS_WRITTEN: Self = Self {
        start: &[
            &[Begin],
            &[TakeSeedsLock],
            &[LookForProgress],
            &[LookForMarker],
            &[InsertProgress, Commit],
        ],
        // What comes after the last is the work again, if the look allows it.
        step: &[
            &[Begin],
            &[TakeOperationLock, Look],
            &[Work],
            &[Advance, Commit, Begin, TakeOperationLock, Look],
        ],
        at_once: &[
            &[Begin],
            &[TakeSeedsLock],
            &[LookForProgress],
            &[LookForMarker],
            &[WorkOnAll],
            &[InsertMarker, Commit],
        ],
        others_heed_progress: Heed::Yes,
    };

    pub(super) const UNCHAINED: &[Message] = &[
        &[Begin],
        &[TakeOperationLock, Look],
        &[Work],
        &[Advance, Commit],
    ];
}
