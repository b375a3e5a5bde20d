//! What a run or a dry run came to, in a line for people. Pure.

use std::time::Duration;

use super::arguments::ApplyArguments;
use super::view::{DryRunView, ReportView, TriedView};
use crate::printing::{counted, seconds};

/// `2 applied, 1 skipped in 9ms`. `seeds` is how many the binary has.
pub(super) fn of_run(
    report: &ReportView<'_>,
    took: Duration,
    seeds: usize,
    arguments: &ApplyArguments,
) -> String {
    let parts: Vec<String> = [
        (report.applied.len(), "applied"),
        (report.applied_elsewhere.len(), "applied by another process"),
        (report.skipped.len(), "skipped"),
        (report.failed_in_background.len(), "failed"),
        (report.left.len(), "left"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if parts.is_empty() {
        nothing_to_do(seeds, report.not_here.len(), arguments)
    } else {
        format!("{} in {}", parts.join(", "), seconds(took))
    }
}

/// `dry run: 1 seed would be applied with 2 events; nothing was kept; done in 9ms`.
pub(super) fn of_dry_run(
    tried: &DryRunView<'_>,
    took: Duration,
    seeds: usize,
    arguments: &ApplyArguments,
) -> String {
    let skipped = match tried.skipped.len() {
        0 => String::new(),
        count => format!(", {count} would be skipped"),
    };
    if tried.seeds.is_empty() && skipped.is_empty() {
        return nothing_to_do(seeds, tried.not_here.len(), arguments);
    }
    let events = tried.seeds.iter().map(|seed| seed.events.len()).sum();
    let has_more = |seed: &TriedView<'_>| seed.estimate.is_some_and(|estimate| !estimate.whole);
    let at_least = if tried.seeds.iter().any(has_more) {
        "more than "
    } else {
        ""
    };
    format!(
        "dry run: {} would be applied with {at_least}{}{skipped}; nothing was kept; done in {}",
        counted(tried.seeds.len(), "seed"),
        counted(events, "event"),
        seconds(took)
    )
}

/// Says that everything the arguments ask for is applied already. Of `seeds`, so many are not applied and for other environments.
fn nothing_to_do(seeds: usize, not_here: usize, arguments: &ApplyArguments) -> String {
    if let Some(id) = &arguments.only {
        return format!("nothing to apply: {id} is applied");
    }
    if let Some(id) = &arguments.to {
        return format!("nothing to apply: {id} and all before it are applied");
    }
    let applied = match seeds.saturating_sub(not_here) {
        0 if not_here > 0 => "no other seed is there".to_owned(),
        0 => "there are no seeds".to_owned(),
        1 => "1 seed is applied".to_owned(),
        applied => format!("{applied} seeds are applied"),
    };
    let others = match not_here {
        0 => String::new(),
        1 => "1 is not for this environment, ".to_owned(),
        _ => format!("{not_here} are not for this environment, "),
    };
    format!("nothing pending: {others}{applied}")
}
