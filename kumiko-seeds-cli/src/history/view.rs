//! What was done in a database, as data. Pure.

use std::time::Duration;

use kumiko_seeds::{History, Intervention, Marker, ProgressState, SeedProgress};
use serde::Serialize;

use super::arguments::HistoryArguments;
use crate::printing::Moment;

/// What was done in a database, oldest first, and then what is under way.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryView<'a> {
    /// The version of this form.
    pub version: u32,
    /// The operations.
    pub operations: Vec<OperationView<'a>>,
}

/// One operation.
#[derive(Clone, Debug, Serialize)]
pub struct OperationView<'a> {
    /// When it began, by the database's clock.
    pub at: Moment,
    /// What kind of operation it is, as the ledger has it.
    #[serde(rename = "type")]
    pub operation_type: &'static str,
    /// The seed, or the id of another operation.
    pub id: &'a str,
    /// `done`, or where it stands that is under way.
    pub state: &'static str,
    /// What started it; of what is under way, which process did the last step.
    pub by: Option<&'a str>,
    /// How long it took, or has taken so far.
    pub duration_ms: Option<u128>,
    /// What the ledger notes of it, or how far it is.
    pub notes: Option<String>,
}

impl<'a> HistoryView<'a> {
    /// What the arguments ask for of a history.
    #[must_use]
    pub fn of(history: &'a History, arguments: &HistoryArguments) -> Self {
        let markers = history.markers.iter().map(OperationView::of_marker);
        let by_hand = history.interventions.iter();
        let mut operations: Vec<_> = markers
            .chain(by_hand.map(OperationView::of_intervention))
            .collect();
        // A seed that was unmarked and ran again comes after that, and ids decide where times do not.
        operations.sort_by(|one, other| (one.at.0, one.id).cmp(&(other.at.0, other.id)));
        let mut under_way: Vec<_> = history
            .progress
            .iter()
            .map(OperationView::of_progress)
            .collect();
        under_way.sort_by_key(|operation| operation.at.0);
        operations.extend(under_way);
        operations.retain(|operation| operation.is_asked_for(arguments));
        if let Some(limit) = arguments.limit {
            operations.drain(..operations.len().saturating_sub(limit.get()));
        }
        Self {
            version: 1,
            operations,
        }
    }
}

impl<'a> OperationView<'a> {
    fn of_marker(marker: &'a Marker) -> Self {
        Self {
            at: Moment(marker.applied_at),
            operation_type: marker.operation_type(),
            id: &marker.id,
            state: "done",
            by: Some(&marker.applied_by),
            duration_ms: u128::try_from(marker.duration_ms).ok(),
            notes: marker.notes.clone().filter(|notes| !notes.is_empty()),
        }
    }

    fn of_intervention(intervention: &'a Intervention) -> Self {
        Self {
            at: Moment(intervention.at),
            operation_type: intervention.kind.as_str(),
            id: &intervention.id,
            state: "done",
            by: Some(&intervention.by),
            duration_ms: None,
            notes: None,
        }
    }

    fn of_progress(progress: &'a SeedProgress) -> Self {
        let error = progress.error.as_ref();
        let error = error.filter(|_| progress.state == ProgressState::Failed);
        let error = error.map_or_else(String::new, |error| format!(", failed: {error}"));
        Self {
            at: Moment(progress.started_at),
            operation_type: progress.operation_type(),
            id: &progress.id,
            state: progress.state.as_str(),
            by: progress.worker.as_deref(),
            duration_ms: Some(progress.worked.as_millis()),
            notes: Some(format!("{progress}{error}")),
        }
    }

    fn is_asked_for(&self, arguments: &HistoryArguments) -> bool {
        let HistoryArguments {
            text,
            types,
            since,
            until,
            by,
            ..
        } = arguments;
        text.as_ref().is_none_or(|text| self.id.contains(text))
            && (types.is_empty() || types.iter().any(|it| it == self.operation_type))
            && since.is_none_or(|since| self.at.0 >= since.first)
            && until.is_none_or(|until| self.at.0 <= until.last)
            && by.as_ref().is_none_or(|by| self.by == Some(by))
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        let milliseconds = self.duration_ms?;
        Some(Duration::from_millis(
            u64::try_from(milliseconds).unwrap_or(u64::MAX),
        ))
    }
}
