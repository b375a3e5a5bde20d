//! The steps of a run on stderr: a moving line on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use kumiko_seeds::Progress;

use super::live_line::{Doing, LiveLine};
use crate::printing::printable;

/// What is done with seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// They are applied.
    Apply,
    /// They are run and rolled back.
    Try,
}

/// Shows the steps of a run as they happen. That one cannot be shown is no reason to stop.
#[derive(Clone)]
pub(super) struct ProgressDisplay {
    action: Action,
    /// None where lines do not move.
    live: Option<Arc<Mutex<LiveLine>>>,
}

const BETWEEN_FRAMES: Duration = Duration::from_millis(100);

impl ProgressDisplay {
    /// A display on stderr.
    pub(super) fn on_stderr(action: Action) -> Self {
        let live = can_move().then(|| {
            let line = Arc::default();
            let weak = Arc::downgrade(&line);
            // A seed may keep the runtime busy, so the line moves by a thread of its own. Without one it
            // moves at each step only.
            drop(std::thread::Builder::new().spawn(move || keep_moving(&weak)));
            line
        });
        Self { action, live }
    }

    /// Shows a step.
    pub(super) fn show(&self, progress: Progress<'_>) {
        let Some(live) = &self.live else {
            return write(&format!("{}\n", self.line(progress)));
        };
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        write(&match progress {
            Progress::Started { .. } => live.show(Doing::Seed(self.line(progress)), now),
            Progress::Waiting {
                waited,
                limit,
                holder,
            } => {
                let holder = holder.map(|holder| printable(&holder.to_string()));
                let doing = Doing::Waiting {
                    holder: holder.unwrap_or_else(|| "an unknown process".to_owned()),
                    waited,
                    limit,
                };
                live.show(doing, now)
            }
            _ => live.replace(&self.line(progress)),
        });
    }

    /// Leaves nothing that moves, so that other things can be printed.
    pub(super) fn finish(&self) {
        if let Some(live) = &self.live {
            let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
            write(&live.clear());
        }
    }

    fn line(&self, progress: Progress<'_>) -> String {
        match (self.action, progress) {
            (Action::Try, Progress::Started { id }) => printable(&format!("trying {id}")),
            _ => printable(&progress.to_string()),
        }
    }
}

/// Whether stderr is a terminal that somebody looks at and that understands more than text. Consoles of
/// Windows understand it only if they are told to.
fn can_move() -> bool {
    let is = |name: &str, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    stderr().is_terminal() && cfg!(unix) && !is("TERM", "dumb") && !is("CI", "true")
}

fn keep_moving(line: &Weak<Mutex<LiveLine>>) {
    loop {
        std::thread::sleep(BETWEEN_FRAMES);
        let Some(line) = line.upgrade() else {
            return;
        };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        write(&line.frame(Instant::now()));
    }
}

fn write(text: &str) {
    let mut out = stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
