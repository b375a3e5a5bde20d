//! What a database tells of seeds, from the rows of the table of operations. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::Marker;

/// What a database tells of seeds.
///
/// Each is a row of `kumiko_es_operations`: a marker has operation type `seed-migration`, the hash of a
/// seed's source `seed-source`, and what a person did to a marker by hand `seed-mark` or `seed-unmark`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The markers, in byte order of their ids.
    pub markers: Vec<Marker>,
    /// What was done to markers by hand, oldest first.
    pub interventions: Vec<Intervention>,
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
    pub(crate) fn operation_type(self) -> &'static str {
        match self {
            Self::Marked => "seed-mark",
            Self::Unmarked => "seed-unmark",
        }
    }
}

/// A row that concerns seeds; what its columns mean depends on its type.
pub(crate) struct Operation {
    pub(crate) operation_type: String,
    pub(crate) marker: Marker,
}

const SOURCE: &str = "/source";

impl History {
    /// The id of the row that holds the hash of a seed's source. A seed's id has no `/`.
    pub(crate) fn source_id(id: &str) -> String {
        format!("{id}{SOURCE}")
    }

    /// The id of the row that tells of an intervention, `number` of them there are.
    pub(crate) fn intervention_id(id: &str, kind: InterventionKind, number: usize) -> String {
        format!("{id}/{}/{number}", kind.operation_type())
    }

    pub(crate) fn of(operations: Vec<Operation>) -> Self {
        let mut history = Self::default();
        let mut sources = HashMap::new();
        for Operation {
            operation_type,
            marker,
        } in operations
        {
            let kind = match operation_type.as_str() {
                "seed-migration" => {
                    history.markers.push(marker);
                    continue;
                }
                "seed-mark" => InterventionKind::Marked,
                "seed-unmark" => InterventionKind::Unmarked,
                _ => {
                    if let Some(id) = marker.id.strip_suffix(SOURCE) {
                        sources.insert(id.to_owned(), marker.notes);
                    }
                    continue;
                }
            };
            // Kind and number stand at the end, and an id written by hand may have a `/` in it.
            let id = marker.id.rsplitn(3, '/').last().unwrap_or_default();
            let id = id.to_owned();
            history.interventions.push(Intervention {
                id,
                kind,
                at: marker.applied_at,
            });
        }
        for marker in &mut history.markers {
            marker.source_hash = sources.remove(&marker.id).flatten();
        }
        // Sorted here and not by the database, whose collation may not be byte order.
        history.markers.sort_by(|one, other| one.id.cmp(&other.id));
        history
            .interventions
            .sort_by_key(|intervention| intervention.at);
        history
    }
}
