//! What a worker came to, in a line for people. Pure.

use std::time::Duration;

use kumiko_seeds::WorkReport;

use crate::operation_id::is_rebuild;
use crate::printing::{counted, seconds};

/// `2 applied, 1 failed in 3.2s`. `of_background` are those of the binary that a boot leaves out.
pub(super) fn of_work<'a>(
    report: &WorkReport,
    took: Duration,
    of_background: impl IntoIterator<Item = &'a str>,
) -> String {
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
    if !parts.is_empty() {
        return format!("{} in {}", parts.join(", "), seconds(took));
    }
    let (rebuilds, seeds): (Vec<&str>, Vec<&str>) =
        of_background.into_iter().partition(|id| is_rebuild(id));
    let kinds = [(seeds.len(), "seed"), (rebuilds.len(), "projection")];
    let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<String> = kinds.map(|(count, what)| counted(count, what)).collect();
    if kinds.is_empty() {
        return "nothing to do: there are no seeds for the background".to_owned();
    }
    format!(
        "nothing to do: {} for the background, and nothing is pending",
        kinds.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_counted() {
        let took = Duration::from_millis(3_200);
        let mut report = WorkReport::default();
        let nothing = "nothing to do: there are no seeds for the background";
        assert_eq!(of_work(&report, took, []), nothing);
        assert_eq!(
            of_work(&report, took, ["2026-01-01-a"]),
            "nothing to do: 1 seed for the background, and nothing is pending"
        );
        let rebuilds = [
            "2026-01-01-a",
            "projection-rebuild/a/1",
            "projection-rebuild/b/2",
        ];
        assert_eq!(
            of_work(&report, took, rebuilds),
            "nothing to do: 1 seed and 2 projections for the background, and nothing is pending"
        );
        assert_eq!(
            of_work(&report, took, rebuilds[1..].iter().copied()),
            "nothing to do: 2 projections for the background, and nothing is pending"
        );
        report.applied_elsewhere = vec!["a"];
        report.left = vec!["b", "c"];
        assert_eq!(
            of_work(&report, took, rebuilds),
            "1 applied by another process, 2 left in 3.2s"
        );
    }
}
