//! What to do about an error of a seed that is under way. Pure.

use kumiko_seeds::{Error, ProgressState};

use crate::invocation::Invocation;
use crate::operation_id::{Again, is_operation, is_rebuild};

/// What to do next, in lines to paste; nothing of other errors.
pub(crate) fn help(error: &Error, invocation: &Invocation) -> Vec<String> {
    let line = |what: &str, command: &str, words: &[&str]| {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        format!("{what}:\n    {}", invocation.line(command, &words))
    };
    let resume = |id: &str| line("let it go on", "seed:resume", &[id]);
    match error {
        Error::Steering {
            id,
            state: ProgressState::Paused,
            ..
        }
        | Error::Paused { id, .. } => vec![resume(id)],
        Error::Steering {
            id,
            state: ProgressState::Failed | ProgressState::Cancelled,
            ..
        } => vec![line("let it go on where it was", "seed:retry", &[id])],
        Error::NotUnderWay { id } if is_operation(id) => of_operation(id, invocation),
        Error::NotUnderWay { .. } | Error::Steering { .. } => {
            vec![line("see where each seed stands", "seed:status", &[])]
        }
        Error::UnderWay { id, .. } => vec![
            line("see how far it is", "seed:status", &[]),
            line("or give it up; what is done stays", "seed:cancel", &[id]),
        ],
        Error::OtherSourceUnderWay { id, .. } => vec![
            line(
                "let this source go on where the other one was",
                "seed:retry",
                &[id, "--continue"],
            ),
            line(
                "or let it begin anew, which may do again what is done",
                "seed:retry",
                &[id, "--restart"],
            ),
        ],
        Error::CursorStands { .. } => vec![
            "let `batch` give the key of the last item that it has done, or none when all are"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

/// What can be done with an operation that is not under way.
pub(crate) fn of_operation(id: &str, invocation: &Invocation) -> Vec<String> {
    let show = invocation.line("seed:show", &[id.to_owned()]);
    let again = Again::of(id).map(|again| {
        let what = if is_rebuild(id) {
            "or rebuild the rows while the app serves"
        } else {
            "or do the same once more"
        };
        format!("{what}:\n    {}", again.line(invocation))
    });
    let show = format!("see what is known of it:\n    {show}");
    [show].into_iter().chain(again).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_seed_under_way_says_what_to_paste() {
        let invocation = Invocation::new("./ops", "");
        let id = || "a".to_owned();
        let steering = |state| Error::Steering {
            id: id(),
            verb: "retry",
            state,
        };
        let status = "see where each seed stands:\n    ./ops seed:status";
        for (error, expected) in [
            (Error::NotUnderWay { id: id() }, vec![status]),
            (
                Error::NotUnderWay {
                    id: "aggregate-rebuild/a/tenant-1/1".to_owned(),
                },
                vec![
                    "see what is known of it:\n    ./ops seed:show aggregate-rebuild/a/tenant-1/1",
                    "or rebuild the rows while the app serves:\n    ./ops projection:rebuild a --tenant 1",
                ],
            ),
            (steering(ProgressState::Running), vec![status]),
            (
                steering(ProgressState::Paused),
                vec!["let it go on:\n    ./ops seed:resume a"],
            ),
            (
                steering(ProgressState::Failed),
                vec!["let it go on where it was:\n    ./ops seed:retry a"],
            ),
            (
                steering(ProgressState::Cancelled),
                vec!["let it go on where it was:\n    ./ops seed:retry a"],
            ),
            (
                Error::Paused { id: id(), done: 1 },
                vec!["let it go on:\n    ./ops seed:resume a"],
            ),
            (
                Error::UnderWay { id: id(), done: 1 },
                vec![
                    "see how far it is:\n    ./ops seed:status",
                    "or give it up; what is done stays:\n    ./ops seed:cancel a",
                ],
            ),
            (
                Error::OtherSourceUnderWay { id: id(), done: 1 },
                vec![
                    "let this source go on where the other one was:\n    ./ops seed:retry a --continue",
                    "or let it begin anew, which may do again what is done:\n    ./ops seed:retry a --restart",
                ],
            ),
            (Error::Stopped, vec![]),
        ] {
            assert_eq!(help(&error, &invocation), expected, "{error}");
        }
    }
}
