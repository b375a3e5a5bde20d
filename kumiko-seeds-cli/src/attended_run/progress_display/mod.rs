//! The steps of a run on stderr: a moving line on a terminal, plain lines elsewhere.

mod lines;
mod moving;

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kumiko_seeds::Progress;

use crate::printing::printable;
use lines::Lines;
use moving::Moving;

/// What a run does with seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It applies them.
    Apply,
    /// It runs them and rolls them back.
    Try,
}

impl Action {
    /// A step of a run in words.
    fn line(self, progress: Progress<'_>) -> String {
        match (self, progress) {
            (Self::Try, Progress::Started { id }) => printable(&format!("trying {id}")),
            _ => printable(&progress.to_string()),
        }
    }
}

/// Shows the steps of a run as they happen. A step that cannot be shown stops nothing.
#[derive(Clone)]
pub(crate) struct ProgressDisplay {
    action: Action,
    on: Arc<Mutex<On>>,
    /// What each line begins with.
    prefix: String,
}

enum On {
    /// A terminal, where a line moves.
    Terminal(Moving),
    Lines(Lines),
}

impl ProgressDisplay {
    /// A display on stderr.
    pub(crate) fn on_stderr(action: Action) -> Self {
        let on = if can_move() {
            On::Terminal(Moving::on_stderr())
        } else {
            On::Lines(Lines::default())
        };
        Self {
            action,
            on: Arc::new(Mutex::new(on)),
            prefix: String::new(),
        }
    }

    /// A display of what happens in one of many targets, in lines: on a terminal, too, where only one line can move.
    pub(crate) fn of_target(name: &str) -> Self {
        Self {
            action: Action::Apply,
            on: Arc::new(Mutex::new(On::Lines(Lines::default()))),
            prefix: printable(name) + ": ",
        }
    }

    /// Shows a step.
    pub(crate) fn show(&self, progress: Progress<'_>) {
        let line = self.action.line(progress);
        match &mut *self.on.lock().unwrap_or_else(PoisonError::into_inner) {
            On::Terminal(moving) => {
                if !moving.shows(progress, &line) {
                    self.write_line(&line);
                }
            }
            On::Lines(lines) => {
                for line in lines.of(progress, line, Instant::now()) {
                    self.write_line(&line);
                }
            }
        }
    }

    /// Takes the moving line away, so that other things can be printed.
    pub(crate) fn finish(&self) {
        match &mut *self.on.lock().unwrap_or_else(PoisonError::into_inner) {
            On::Terminal(moving) => moving.clear(),
            On::Lines(lines) => {
                if let Some(line) = lines.last() {
                    self.write_line(&line);
                }
            }
        }
    }

    fn write_line(&self, line: &str) {
        drop(writeln!(stderr().lock(), "{}{line}", self.prefix));
    }
}

/// Whether somebody looks at stderr on a terminal that understands control sequences. Consoles of Windows have to
/// be told to first.
fn can_move() -> bool {
    let is = |name: &str, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    stderr().is_terminal() && cfg!(unix) && !is("TERM", "dumb") && !is("CI", "true")
}
