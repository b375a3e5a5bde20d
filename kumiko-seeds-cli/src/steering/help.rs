//! What to do about an error of a seed that is under way. Pure.

use kumiko_seeds::{Error, ProgressState};

use crate::invocation::Invocation;

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
