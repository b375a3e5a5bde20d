//! What was measured several times.

use std::time::Duration;

/// Measurements of one thing, in whatever unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

/// How to read figures that are medians of so many rounds.
pub(crate) fn reliability<'s>(rounds: usize, samples: impl Iterator<Item = &'s Samples>) -> String {
    let spread = samples.map(Samples::spread).fold(0.0, f64::max) * 100.0;
    format!(
        "Medians of {rounds} rounds; the quartiles are up to {spread:.0} % of the median apart.\n"
    )
}

impl Samples {
    pub(crate) fn push(&mut self, sample: f64) {
        let position = self.0.partition_point(|other| *other < sample);
        self.0.insert(position, sample);
    }

    pub(crate) fn push_milliseconds(&mut self, duration: Duration) {
        self.push(duration.as_secs_f64() * 1e3);
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(50)
    }

    /// How far apart the quartiles are, as a part of the median.
    fn spread(&self) -> f64 {
        (self.at(75) - self.at(25)) / self.median()
    }

    fn at(&self, percent: usize) -> f64 {
        let position = self.0.len().saturating_sub(1) * percent;
        let (low, rest) = (position / 100, position % 100);
        let high = self.0.get(low + 1).or(self.0.get(low));
        match (self.0.get(low), high) {
            (Some(low), Some(high)) => low + (high - low) * rest as f64 / 100.0,
            _ => f64::NAN,
        }
    }
}
