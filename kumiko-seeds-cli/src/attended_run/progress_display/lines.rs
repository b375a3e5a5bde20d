//! Which lines a log gets of a run: a seed of many steps would fill it. Pure.

use std::time::{Duration, Instant};

use kumiko_seeds::Progress;

/// How long a log is told nothing of steps after it was told of one.
const QUIET: Duration = Duration::from_secs(10);

/// The lines of a run. Of the steps of a seed only one in ten seconds is told, and the last one.
#[derive(Default)]
pub(super) struct Lines {
    /// When the seed began, or when a step of it was last told.
    told: Option<Instant>,
    /// The last step, if it is not told yet.
    held: Option<String>,
}

impl Lines {
    /// What to write as this happens, which is `line` in words.
    pub(super) fn of(&mut self, progress: Progress<'_>, line: String, now: Instant) -> Vec<String> {
        let Progress::Stepped { .. } = progress else {
            self.told = matches!(progress, Progress::Started { .. }).then_some(now);
            return self.held.take().into_iter().chain([line]).collect();
        };
        let told = *self.told.get_or_insert(now);
        if now.duration_since(told) < QUIET {
            self.held = Some(line);
            return Vec::new();
        }
        self.told = Some(now);
        self.held = None;
        vec![line]
    }

    /// What is left to write in the end.
    pub(super) fn last(&mut self) -> Option<String> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use kumiko_seeds::SeedProgress;

    use super::*;

    const ID: &str = "2026-01-01-a";

    fn written(lines: &mut Lines, progress: Progress<'_>, now: Instant) -> Vec<String> {
        lines.of(progress, progress.to_string(), now)
    }

    fn done(done: u64) -> SeedProgress {
        let mut progress = SeedProgress::default();
        progress.done = done;
        progress
    }

    #[test]
    fn of_many_steps_one_is_told_in_ten_seconds_and_the_last_one() {
        let (mut lines, begin) = (Lines::default(), Instant::now());
        let started = Progress::Started { id: ID };
        assert_eq!(
            written(&mut lines, started, begin),
            ["applying 2026-01-01-a"]
        );
        let told: Vec<String> = (1..=250)
            .flat_map(|step| {
                let progress = done(step);
                let stepped = Progress::Stepped {
                    id: ID,
                    items: 1,
                    duration: Duration::from_millis(100),
                    progress: &progress,
                };
                let now = begin + Duration::from_millis(100 * step);
                written(&mut lines, stepped, now)
            })
            .collect();
        assert_eq!(told, ["2026-01-01-a: 100 done", "2026-01-01-a: 200 done"]);
        let applied = Progress::Applied {
            id: ID,
            duration: Duration::from_secs(25),
        };
        assert_eq!(
            written(&mut lines, applied, begin + Duration::from_secs(25)),
            ["2026-01-01-a: 250 done", "applied 2026-01-01-a in 25.0s"]
        );
        assert_eq!(lines.last(), None);
    }

    #[test]
    fn a_run_that_is_stopped_tells_of_the_last_step() {
        let (mut lines, begin) = (Lines::default(), Instant::now());
        let progress = done(7);
        let stepped = Progress::Stepped {
            id: ID,
            items: 7,
            duration: Duration::from_millis(100),
            progress: &progress,
        };
        assert_eq!(written(&mut lines, stepped, begin), [""; 0]);
        assert_eq!(lines.last().as_deref(), Some("2026-01-01-a: 7 done"));
    }

    #[test]
    fn what_holds_a_seed_back_is_told_at_once() {
        let (mut lines, begin) = (Lines::default(), Instant::now());
        let reason = "the replica lags";
        let throttled = Progress::Throttled { id: ID, reason };
        assert_eq!(
            written(&mut lines, throttled, begin),
            ["holding 2026-01-01-a back: the replica lags"]
        );
        assert_eq!(
            written(&mut lines, Progress::Paused { id: ID }, begin),
            ["paused 2026-01-01-a: it goes on once it is resumed"]
        );
    }
}
