//! The line of a terminal that shows what is going on. Pure: it gives what to write.

use std::time::{Duration, Instant};

use crate::printing::seconds;

/// What is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Something with a seed, `applying 2026-05-20-fix`.
    Seed(String),
    /// Waiting for the lock.
    Waiting {
        /// Who holds it.
        holder: String,
        /// How long it had been waited for when this was said.
        waited: Duration,
        /// When to give up.
        limit: Duration,
    },
}

/// A line that is written again and again in the same place.
#[derive(Default)]
pub(super) struct LiveLine {
    doing: Option<(Doing, Instant)>,
    frames: usize,
}

/// Back to the start of the line, and nothing right of it.
const CLEAR: &str = "\r\x1b[K";
/// A terminal that wraps a long line would be left with its first part; one that does not cuts it off.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

impl LiveLine {
    /// Begins to show something else.
    pub(super) fn show(&mut self, doing: Doing, now: Instant) -> String {
        self.doing = Some((doing, now));
        self.frame(now)
    }

    /// The line as of now; nothing if there is nothing to show.
    pub(super) fn frame(&mut self, now: Instant) -> String {
        let Some((doing, since)) = &self.doing else {
            return String::new();
        };
        let elapsed = now.saturating_duration_since(*since);
        let text = match doing {
            Doing::Seed(text) => format!("{text} {:.1}s", elapsed.as_secs_f64()),
            Doing::Waiting {
                holder,
                waited,
                limit,
            } => format!(
                "waiting for the lock of seeds, held by {holder} ({:.1}s of at most {})",
                (*waited + elapsed).as_secs_f64(),
                seconds(*limit)
            ),
        };
        let spinner = SPINNER[self.frames % SPINNER.len()];
        self.frames = self.frames.wrapping_add(1);
        format!("{CLEAR}{NO_WRAP}{spinner} {text}{WRAP}")
    }

    /// Shows nothing any more.
    pub(super) fn clear(&mut self) -> String {
        match self.doing.take() {
            Some(_) => CLEAR.to_owned(),
            None => String::new(),
        }
    }

    /// Puts a line that stays in place of this one.
    pub(super) fn replace(&mut self, line: &str) -> String {
        format!("{}{line}\n", self.clear())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_moves_and_is_replaced_by_what_stays() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut line = LiveLine::default();
        assert_eq!(line.frame(start), "");
        assert_eq!(
            line.show(Doing::Seed("applying a".into()), start),
            "\r\x1b[K\x1b[?7l⠋ applying a 0.0s\x1b[?7h"
        );
        assert_eq!(
            line.frame(after(1240)),
            "\r\x1b[K\x1b[?7l⠙ applying a 1.2s\x1b[?7h"
        );
        assert_eq!(
            line.replace("applied a in 1.3s"),
            "\r\x1b[Kapplied a in 1.3s\n"
        );
        assert_eq!(line.frame(after(1400)), "");
        assert_eq!(line.replace("skipped b"), "skipped b\n");
    }

    #[test]
    fn waiting_counts_from_when_it_began() {
        let start = Instant::now();
        let mut line = LiveLine::default();
        let waiting = Doing::Waiting {
            holder: "process 7".into(),
            waited: Duration::from_secs(5),
            limit: Duration::from_mins(5),
        };
        line.show(waiting, start);
        assert_eq!(
            line.frame(start + Duration::from_millis(500)),
            "\r\x1b[K\x1b[?7l⠙ waiting for the lock of seeds, held by process 7 (5.5s of at most \
             300.0s)\x1b[?7h"
        );
        assert_eq!(line.clear(), "\r\x1b[K");
        assert_eq!(line.clear(), "");
    }

    #[test]
    fn the_spinner_goes_round() {
        let start = Instant::now();
        let mut line = LiveLine::default();
        let first = line.show(Doing::Seed("a".into()), start);
        for _ in 1..SPINNER.len() {
            assert_ne!(line.frame(start), first);
        }
        assert_eq!(line.frame(start), first);
    }
}
