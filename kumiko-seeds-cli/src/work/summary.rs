//! What a worker came to, in a line for people. Pure.

use std::time::Duration;

use kumiko_seeds::WorkReport;

use crate::printing::{counted, seconds};

/// `2 applied, 1 failed in 3.2s`. `seeds` is how many of the binary's say that they are of the background.
pub(super) fn of_work(report: &WorkReport, took: Duration, seeds: usize) -> String {
    let parts: Vec<String> = [
        (report.applied.len(), "applied"),
        (report.applied_elsewhere.len(), "applied by another process"),
        (report.failed.len(), "failed"),
        (report.left.len(), "left"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    match (parts.is_empty(), seeds) {
        (false, _) => format!("{} in {}", parts.join(", "), seconds(took)),
        (true, 0) => "nothing to do: there are no seeds for the background".to_owned(),
        (true, _) => format!(
            "nothing to do: {} for the background, and nothing is pending",
            counted(seeds, "seed")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_counted() {
        let took = Duration::from_millis(3_200);
        let mut report = WorkReport::default();
        let nothing = "nothing to do: there are no seeds for the background";
        assert_eq!(of_work(&report, took, 0), nothing);
        assert_eq!(
            of_work(&report, took, 1),
            "nothing to do: 1 seed for the background, and nothing is pending"
        );
        report.applied_elsewhere = vec!["a"];
        report.left = vec!["b", "c"];
        assert_eq!(
            of_work(&report, took, 3),
            "1 applied by another process, 2 left in 3.2s"
        );
    }
}
