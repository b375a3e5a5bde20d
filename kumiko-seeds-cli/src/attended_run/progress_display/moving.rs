//! The line of a terminal that moves while something is going on.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kumiko_seeds::{Progress, SeedProgress};

use crate::printing::{printable, seconds};

/// The line that moves, hidden while nothing is going on.
pub(super) struct Moving {
    target: fn() -> ProgressDrawTarget,
    bar: ProgressBar,
    /// The seed whose steps it shows.
    stepping: Option<&'static str>,
}

impl Moving {
    pub(super) fn on_stderr() -> Self {
        Self {
            target: ProgressDrawTarget::stderr,
            bar: ProgressBar::hidden(),
            stepping: None,
        }
    }

    /// Shows what happens, if it goes on for a while; `line` is it in words. Else the line is taken away, so that the words
    /// can be written.
    pub(super) fn shows(&mut self, progress: Progress<'_>, line: &str) -> bool {
        if let Progress::Stepped { id, progress, .. } = progress {
            // The bar stays where it is from step to step, and so does its time.
            if self.stepping != Some(id) {
                self.begin(steps((self.target)(), id, progress.total));
                self.stepping = Some(id);
            }
            show_step(&self.bar, progress);
            return true;
        }
        self.clear();
        let on = (self.target)();
        let bar = match progress {
            Progress::Started { .. } => moving(on, line.to_owned(), Duration::ZERO, None),
            Progress::Waiting {
                steps_of,
                waited,
                limit,
                holder,
            } => {
                let holder = holder.map(|holder| printable(&holder.to_string()));
                let holder = holder.unwrap_or_else(|| "an unknown process".to_owned());
                let lock = steps_of.map(|id| format!("the lock of the steps of {id}"));
                let lock = lock.unwrap_or_else(|| "the lock of seeds".to_owned());
                let text = format!("waiting for {lock}, held by {holder}");
                moving(on, text, waited, Some(limit))
            }
            _ => return false,
        };
        self.begin(bar);
        true
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        self.bar.finish_and_clear();
        self.stepping = None;
    }

    fn begin(&mut self, bar: ProgressBar) {
        self.clear();
        self.bar = bar;
    }
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
    let bar = ProgressBar::with_draw_target(None, on)
        .with_style(style("{spinner} {msg} {time}").with_key("time", time))
        .with_message(text)
        .with_elapsed(elapsed);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A line for the steps of a seed: with a bar that takes the room which is left, where the seed has counted its items.
fn steps(on: ProgressDrawTarget, id: &str, total: Option<u64>) -> ProgressBar {
    let style = match total {
        Some(_) => style("{spinner} {prefix} {wide_bar} {msg}").progress_chars("━╸─"),
        None => style("{spinner} {prefix}: {msg}"),
    };
    let bar = ProgressBar::with_draw_target(total, on)
        .with_style(style)
        .with_prefix(printable(&format!("applying {id}")));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show_step(bar: &ProgressBar, progress: &SeedProgress) {
    bar.set_message(progress.to_string());
    bar.set_position(progress.done);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests;
