//! What a run did, or would do, as data. Pure.

use std::time::Duration;

use kumiko_seeds::{
    AppendedEvent, ApplyError, DryRun, DryRunSeed, Estimate, Report, Skipped, WorkReport,
};
use serde::Serialize;

use super::migration_view::{MigrationView, Payloads};
use crate::attended_run::{AppliedView, texts};
use crate::work::{FailedSeedView, in_a_line};

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct ReportView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The seeds that it applied, in order.
    pub applied: Vec<AppliedView>,
    /// The seeds that another process applied meanwhile.
    pub applied_elsewhere: Vec<&'static str>,
    /// The seeds that a flag skipped.
    pub skipped: Vec<&'static str>,
    /// The seeds that are not applied, and for other environments than this one.
    pub not_here: &'a [&'static str],
    /// What stopped the run, if anything did.
    pub failed: Option<FailedView>,
    /// The pending seeds that it did not come to.
    pub not_attempted: &'a [&'static str],
    /// The background seeds that failed after all others were applied.
    pub failed_in_background: Vec<FailedSeedView>,
    /// The background seeds that are pending still, and those that wait for them.
    pub left: Vec<&'static str>,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// How long it took.
    pub duration_ms: u128,
}

/// The seed that stopped a run, and why.
#[derive(Clone, Debug, Serialize)]
pub struct FailedView {
    /// The seed, if the run had begun with one.
    pub id: Option<&'static str>,
    /// Why.
    pub error: String,
}

/// What the pending seeds would do.
#[derive(Clone, Debug, Serialize)]
pub struct DryRunView<'a> {
    /// The version of this form.
    pub version: u32,
    /// `true`, which tells it from what a run did.
    pub dry_run: bool,
    /// The seeds that it ran and rolled back, in order; none if one of them failed.
    pub seeds: Vec<TriedView<'a>>,
    /// The seeds that a flag would skip.
    pub skipped: Vec<&'static str>,
    /// The seeds that are not applied, and for other environments than this one.
    pub not_here: &'a [&'static str],
    /// What stopped it, if anything did.
    pub failed: Option<FailedView>,
    /// The pending seeds that it did not come to.
    pub not_attempted: &'a [&'static str],
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// How long it took.
    pub duration_ms: u128,
}

/// A seed that was run and rolled back.
#[derive(Clone, Debug, Serialize)]
pub struct TriedView<'a> {
    /// The seed.
    pub id: &'static str,
    /// How long it took.
    pub duration_ms: u128,
    /// The events it appended, in order: of its first steps, if it has many.
    pub events: Vec<EventView<'a>>,
    /// How much all of it will be, if it has many steps.
    pub estimate: Option<EstimateView>,
    /// What would become of streams, if it migrates some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationView<'a>>,
}

/// How much a seed of many steps will be.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct EstimateView {
    /// How many items its first steps did.
    pub items: u64,
    /// How many there are in all, if the seed counts them.
    pub total: Option<u64>,
    /// Whether the first steps were all that there are.
    pub whole: bool,
    /// How long all of them will take at the rate of the first steps, if the seed counts them.
    pub duration_ms: Option<u64>,
}

/// An event that a seed would append.
#[derive(Clone, Debug, Serialize)]
pub struct EventView<'a> {
    /// What would happen.
    pub event_type: &'a str,
    /// The kind of aggregate.
    pub aggregate_type: &'a str,
    /// The aggregate.
    pub aggregate_id: &'a str,
    /// The event's position in its stream, counted from 1.
    pub version: i64,
    /// The tenant that the stream is stored under, where the event store knows tenants.
    pub tenant_id: Option<&'a str>,
    /// The older event that it is made of, where streams are migrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_of: Option<MadeOfView<'a>>,
}

/// An event that another one is made of.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MadeOfView<'a> {
    /// What happened.
    pub event_type: &'a str,
    /// Its position in the stream that is migrated, counted from 1.
    pub version: i64,
}

impl<'a> ReportView<'a> {
    /// Whether there was something to do, which was done or failed.
    pub(super) fn is_news(&self) -> bool {
        let failed = self.failed.is_some() || !self.failed_in_background.is_empty();
        failed || !self.applied.is_empty()
    }

    /// What a run did that took so long.
    #[must_use]
    pub fn of(report: &'a Report, took: Duration) -> Self {
        Self {
            version: 1,
            applied: report.applied.iter().map(AppliedView::of).collect(),
            applied_elsewhere: report.applied_elsewhere.clone(),
            skipped: ids(&report.skipped),
            not_here: &report.not_here,
            failed: None,
            not_attempted: &[],
            failed_in_background: Vec::new(),
            left: report.left_to_background.clone(),
            warnings: texts(&report.warnings),
            duration_ms: took.as_millis(),
        }
    }

    /// The same with the background seeds, which came after the others.
    #[must_use]
    pub fn and_in_background(mut self, report: &WorkReport) -> Self {
        let applied = report.applied.iter().map(AppliedView::of);
        self.applied.extend(applied);
        self.applied_elsewhere.extend(&report.applied_elsewhere);
        self.failed = report.error.as_ref().map(|error| FailedView {
            id: None,
            error: in_a_line(error),
        });
        self.failed_in_background = report.failed.iter().map(FailedSeedView::of).collect();
        self.left.clone_from(&report.left);
        // Both look at the same flags and markers.
        let warnings = texts(&report.warnings).into_iter();
        let new: Vec<String> = warnings
            .filter(|warning| !self.warnings.contains(warning))
            .collect();
        self.warnings.extend(new);
        self
    }

    /// What a run did before it stopped.
    #[must_use]
    pub fn of_stopped(stopped: &'a ApplyError, took: Duration) -> Self {
        Self {
            failed: Some(FailedView::of(stopped)),
            not_attempted: &stopped.not_attempted,
            ..Self::of(&stopped.report, took)
        }
    }
}

impl<'a> DryRunView<'a> {
    /// What was tried, in so long.
    #[must_use]
    pub fn of(tried: &'a DryRun, took: Duration, payloads: Payloads) -> Self {
        Self {
            version: 1,
            dry_run: true,
            seeds: tried
                .seeds
                .iter()
                .map(|seed| TriedView::of(seed, payloads))
                .collect(),
            skipped: ids(&tried.skipped),
            not_here: &tried.not_here,
            failed: None,
            not_attempted: &[],
            warnings: texts(&tried.warnings),
            duration_ms: took.as_millis(),
        }
    }

    /// That it stopped.
    #[must_use]
    pub fn of_stopped(stopped: &'a ApplyError, took: Duration) -> Self {
        Self {
            version: 1,
            dry_run: true,
            seeds: Vec::new(),
            skipped: ids(&stopped.report.skipped),
            not_here: &stopped.report.not_here,
            failed: Some(FailedView::of(stopped)),
            not_attempted: &stopped.not_attempted,
            warnings: texts(&stopped.report.warnings),
            duration_ms: took.as_millis(),
        }
    }
}

impl FailedView {
    fn of(stopped: &ApplyError) -> Self {
        Self {
            id: stopped.seed,
            error: stopped.to_string(),
        }
    }
}

impl<'a> TriedView<'a> {
    fn of(seed: &'a DryRunSeed, payloads: Payloads) -> Self {
        Self {
            id: seed.id,
            duration_ms: seed.duration.as_millis(),
            events: seed.events.iter().map(EventView::of).collect(),
            estimate: seed.estimate.as_ref().map(EstimateView::of),
            migration: seed
                .migration
                .as_ref()
                .map(|migration| MigrationView::of(migration, payloads)),
        }
    }
}

impl EstimateView {
    fn of(estimate: &Estimate) -> Self {
        Self {
            items: estimate.items,
            total: estimate.total,
            whole: estimate.is_whole,
            duration_ms: estimate
                .duration
                .map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.duration_ms.map(Duration::from_millis)
    }
}

impl<'a> EventView<'a> {
    fn of(event: &'a AppendedEvent) -> Self {
        Self {
            event_type: &event.event_type,
            aggregate_type: &event.aggregate_type,
            aggregate_id: &event.aggregate_id,
            version: event.version,
            tenant_id: event.tenant_id.as_deref(),
            made_of: event.made_of.as_ref().map(|old| MadeOfView {
                event_type: &old.event_type,
                version: old.version,
            }),
        }
    }
}

fn ids(skipped: &[Skipped]) -> Vec<&'static str> {
    skipped.iter().map(|seed| seed.id).collect()
}
