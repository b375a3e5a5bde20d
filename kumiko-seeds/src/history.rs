//! What a database tells of seeds, from the rows of the table of operations. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::app::{App, parts};
use crate::operation_type::OperationType;
use crate::{Marker, SeedProgress};

/// What a database tells of the seeds of an app. Where the app has a name, that includes markers from before it had
/// one, which may as well be another app's.
///
/// Each is a row of `kumiko_es_operations`: a marker has operation type `seed-migration`, the hash of a
/// seed's source `seed-source`, and what a person did to a marker by hand `seed-mark` or `seed-unmark`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// Whose seeds these are.
    pub app: App,
    /// The markers, in byte order of their ids.
    pub markers: Vec<Marker>,
    /// What was done by hand to the markers of the app, oldest first.
    pub interventions: Vec<Intervention>,
    /// The app's seeds of many steps that are under way, in byte order of their ids.
    pub progress: Vec<SeedProgress>,
}

/// What a person did to a marker by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intervention {
    /// The seed.
    pub id: String,
    /// What was done.
    pub kind: InterventionKind,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// From where: `cli` or `ci-pipeline`.
    pub by: String,
}

/// What a person can do to a marker by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterventionKind {
    /// The seed was marked as applied without being run.
    Marked,
    /// The seed's marker was taken away, so that it is pending again.
    Unmarked,
}

impl InterventionKind {
    /// The spelling in the database, in the column `operation_type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.operation_type().as_str()
    }

    pub(crate) fn operation_type(self) -> OperationType {
        match self {
            Self::Marked => OperationType::SeedMark,
            Self::Unmarked => OperationType::SeedUnmark,
        }
    }
}

/// A row that concerns seeds; what its columns mean depends on its type.
pub(crate) struct Operation {
    pub(crate) operation_type: OperationType,
    pub(crate) marker: Marker,
}

impl History {
    /// What the id of the row that holds the hash of a seed's source ends with.
    pub(crate) const SOURCE: &str = "/source";

    /// The id of the row that holds the hash of a seed's source, for the id of its marker.
    pub(crate) fn source_id(id: &str) -> String {
        format!("{id}{}", Self::SOURCE)
    }

    /// The id of the row that tells of an intervention, `number` of them there are.
    pub(crate) fn intervention_id(id: &str, kind: InterventionKind, number: usize) -> String {
        format!("{id}/{}/{number}", kind.operation_type().as_str())
    }

    pub(crate) fn of(app: App, operations: Vec<Operation>) -> Self {
        let mut sources = HashMap::new();
        let (mut markers, mut interventions) = (Vec::new(), Vec::new());
        for Operation {
            operation_type,
            marker,
        } in operations
        {
            match operation_type {
                OperationType::SeedMigration => markers.push(marker),
                OperationType::ProjectionRebuild
                | OperationType::AggregateRebuild
                | OperationType::ArchivedStreamPurge
                | OperationType::EventReplay => {
                    let (_, id) = parts(&marker.id);
                    // Another service may give its rows any id.
                    if OperationType::of_marker(id) == operation_type {
                        markers.push(marker);
                    }
                }
                OperationType::SeedMark => {
                    interventions.extend(intervention(&app, &marker, InterventionKind::Marked));
                }
                OperationType::SeedUnmark => {
                    interventions.extend(intervention(&app, &marker, InterventionKind::Unmarked));
                }
                OperationType::SeedSource => {
                    if let Some(id) = marker.id.strip_suffix(Self::SOURCE) {
                        sources.insert(id.to_owned(), marker);
                    }
                }
            }
        }
        let markers = markers.into_iter().filter_map(|marker| {
            let source = sources.remove(&marker.id);
            let source = source.filter(|source| source.applied_at >= marker.applied_at);
            let (name, id) = parts(&marker.id);
            (name.is_none() || name == app.name()).then(|| Marker {
                app: name.map(str::to_owned),
                id: id.to_owned(),
                is_foreign: source.is_none(),
                source_hash: source
                    .and_then(|source| source.notes)
                    .filter(|hash| !hash.is_empty()),
                ..marker
            })
        });
        let mut markers: Vec<Marker> = markers.collect();
        // Sorted here and not by the database, whose collation may not be byte order.
        markers.sort_by(|one, other| one.id.cmp(&other.id));
        interventions.sort_by_key(|intervention: &Intervention| intervention.at);
        Self {
            app,
            markers,
            interventions,
            progress: Vec::new(),
        }
    }
}

/// What the row `row` tells, if it is of a seed of `app`.
fn intervention(app: &App, row: &Marker, kind: InterventionKind) -> Option<Intervention> {
    // Kind and number stand at the end, and an id written by hand may have a `/` in it.
    let ledger_id = row.id.rsplitn(3, '/').last().unwrap_or_default();
    let (name, id) = parts(ledger_id);
    (name == app.name()).then(|| Intervention {
        id: id.to_owned(),
        kind,
        at: row.applied_at,
        by: row.applied_by.clone(),
    })
}
