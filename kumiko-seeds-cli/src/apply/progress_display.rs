//! The steps of a run on stderr: a moving line on a terminal, plain lines elsewhere.

use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kumiko_seeds::Progress;

use crate::printing::{printable, seconds};

/// What a run does with seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It applies them.
    Apply,
    /// It runs them and rolls them back.
    Try,
}

/// Shows the steps of a run as they happen. A step that cannot be shown stops nothing.
#[derive(Clone)]
pub(super) struct ProgressDisplay {
    action: Action,
    /// The line that moves, hidden while nothing is going on; none where lines do not move.
    live: Option<Arc<Mutex<ProgressBar>>>,
}

impl ProgressDisplay {
    /// A display on stderr.
    pub(super) fn on_stderr(action: Action) -> Self {
        let live = can_move().then(|| Arc::new(Mutex::new(ProgressBar::hidden())));
        Self { action, live }
    }

    /// Shows a step.
    pub(super) fn show(&self, progress: Progress<'_>) {
        let Some(live) = &self.live else {
            return write_line(&self.line(progress));
        };
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        live.finish_and_clear();
        let on = ProgressDrawTarget::stderr();
        *live = match progress {
            Progress::Started { .. } => moving(on, self.line(progress), Duration::ZERO, None),
            Progress::Waiting {
                waited,
                limit,
                holder,
            } => {
                let holder = holder.map(|holder| printable(&holder.to_string()));
                let holder = holder.unwrap_or_else(|| "an unknown process".to_owned());
                let text = format!("waiting for the lock of seeds, held by {holder}");
                moving(on, text, waited, Some(limit))
            }
            _ => {
                write_line(&self.line(progress));
                ProgressBar::hidden()
            }
        };
    }

    /// Takes the moving line away, so that other things can be printed.
    pub(super) fn finish(&self) {
        if let Some(live) = &self.live {
            let live = live.lock().unwrap_or_else(PoisonError::into_inner);
            live.finish_and_clear();
        }
    }

    fn line(&self, progress: Progress<'_>) -> String {
        match (self.action, progress) {
            (Action::Try, Progress::Started { id }) => printable(&format!("trying {id}")),
            _ => printable(&progress.to_string()),
        }
    }
}

/// Whether somebody looks at stderr on a terminal that understands control sequences. Consoles of Windows have to
/// be told to first.
fn can_move() -> bool {
    let is = |name: &str, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    stderr().is_terminal() && cfg!(unix) && !is("TERM", "dumb") && !is("CI", "true")
}

/// A line with a text and the time since it began, which was `elapsed` ago, and will end at the limit. A seed may keep the
/// runtime busy, so the line moves by a thread of its own.
fn moving(
    on: ProgressDrawTarget,
    text: String,
    elapsed: Duration,
    limit: Option<Duration>,
) -> ProgressBar {
    let time = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        let elapsed = state.elapsed().as_secs_f64();
        // A time that cannot be written is left out.
        let _ = match limit {
            None => write!(out, "{elapsed:.1}s"),
            Some(limit) => write!(out, "({elapsed:.1}s of at most {})", seconds(limit)),
        };
    };
    let style = ProgressStyle::with_template("{spinner} {msg} {time}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::with_draw_target(None, on)
        .with_style(style.with_key("time", time))
        .with_message(text)
        .with_elapsed(elapsed);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn write_line(line: &str) {
    drop(writeln!(stderr().lock(), "{line}"));
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    /// What the terminal shows once it is this, which may take a moment.
    fn shown(terminal: &InMemoryTerm, is_it: impl Fn(&str) -> bool) -> String {
        for _ in 0..1_000 {
            let text = terminal.contents();
            if is_it(&text) {
                return text;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        unreachable!("{}", terminal.contents());
    }

    #[test]
    fn the_line_moves_and_leaves_nothing() {
        let terminal = InMemoryTerm::new(5, 40);
        let on = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let line = moving(on, "applying a".to_owned(), Duration::ZERO, None);
        let first = shown(&terminal, |text| text.contains(" applying a 0."));
        let second = shown(&terminal, |text| {
            text.chars().next() != first.chars().next()
        });
        assert!(
            second.contains(" applying a ") && second.ends_with('s'),
            "{second}"
        );
        shown(&terminal, |text| text.contains(" applying a 1."));
        line.finish_and_clear();
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn waiting_counts_from_when_it_began() {
        let terminal = InMemoryTerm::new(5, 120);
        let on = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let (waited, limit) = (Duration::from_secs(5), Duration::from_mins(5));
        let _line = moving(on, "waiting".to_owned(), waited, Some(limit));
        shown(&terminal, |text| text.contains(" waiting (5."));
        shown(&terminal, |text| text.contains(" waiting (6."));
        assert!(terminal.contents().ends_with("s of at most 300.0s)"));
    }
}
