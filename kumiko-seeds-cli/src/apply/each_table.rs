//! What a run did in many databases, for people. Pure.

use std::time::Duration;

use anstyle::Style;

use super::each_view::{ApplyEachView, OutcomeView, TargetView};
use crate::printing::{Columns, Palette, Terminal, printable, seconds};

const HEADINGS: [&str; 4] = ["TARGET", "OUTCOME", "SEEDS", "REMARK"];

/// A line for each target that something has happened to, and one that sums it up: of thousands, most have nothing pending.
pub(super) fn table(view: &ApplyEachView<'_>, terminal: Terminal) -> String {
    let Terminal { palette, width } = terminal;
    let targets = view.targets.iter();
    let shown = targets.filter(|target| target.outcome != OutcomeView::NothingPending);
    let (outcomes, rows): (Vec<OutcomeView>, Vec<[String; 4]>) =
        shown.map(|target| (target.outcome, row(target))).unzip();
    if rows.is_empty() {
        return sum(view) + "\n";
    }
    let headings = HEADINGS.map(str::to_owned);
    let columns = Columns::of(rows.iter().chain([&headings])).within(width);
    let mut text = columns.line(&headings, [palette.heading; 4]);
    for (outcome, row) in outcomes.iter().zip(&rows) {
        let mut styles = [Style::new(); 4];
        styles[1] = style(&palette, *outcome);
        text += &columns.line(row, styles);
    }
    text + "\n" + &sum(view) + "\n"
}

/// `98 applied, 1 failed, 1 not attempted, of 100 targets in 2.1s`.
pub(super) fn sum(view: &ApplyEachView<'_>) -> String {
    let outcomes = [
        OutcomeView::Applied,
        OutcomeView::Failed,
        OutcomeView::Stopped,
        OutcomeView::NotAttempted,
        OutcomeView::NothingPending,
    ];
    let counts = outcomes.map(|came| (view.count(came), came.in_words()));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let took = seconds(milliseconds(view.duration_ms));
    format!(
        "{}, of {} in {took}",
        counts.join(", "),
        crate::printing::counted(view.targets.len(), "target")
    )
}

fn row(target: &TargetView<'_>) -> [String; 4] {
    let report = target.report.as_ref();
    let applied = report.map(|report| report.applied.len() + report.applied_elsewhere.len());
    let left = report.map_or(0, |report| report.left.len());
    let remark = match (&target.error, left) {
        (Some(error), _) => printable(error),
        (None, 0) => String::new(),
        (None, left) => format!("{left} left to the background"),
    };
    [
        printable(target.target),
        target.outcome.in_words().to_owned(),
        applied.map_or_else(String::new, |applied| applied.to_string()),
        remark,
    ]
}

fn style(palette: &Palette, outcome: OutcomeView) -> Style {
    match outcome {
        OutcomeView::Applied | OutcomeView::NothingPending => palette.good,
        OutcomeView::Failed => palette.error,
        OutcomeView::Stopped | OutcomeView::NotAttempted => palette.warning,
    }
}

fn milliseconds(milliseconds: u128) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}
