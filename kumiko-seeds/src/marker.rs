//! The row that says a seed was applied.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::operation_type::OperationType;
use crate::plan::Source;

/// A row of `kumiko_es_operations` with operation type `seed-migration`: this seed was applied. Or, with another of
/// [`Marker::operation_type`], this operation was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marker {
    /// The name of the app whose seed it is, if the marker is that of an app with a name.
    pub app: Option<String>,
    /// The seed.
    pub id: String,
    /// When its transaction began, by the database's clock.
    pub applied_at: DateTime<Utc>,
    /// How long the seed took, without opening and committing its transaction.
    pub duration_ms: i32,
    /// What started the run: `boot`, `cli` or `ci-pipeline`, or what another service wrote.
    pub applied_by: String,
    /// The seed's description; behind that of a rebuild, how many items it has gone through in how many steps.
    pub notes: Option<String>,
    /// The hash of the seed's source when it was applied; none if it is not known.
    pub source_hash: Option<String>,
    /// Whether another service wrote it: there is no row of the seed's source beside it, or only one that is older.
    pub is_foreign: bool,
}

impl Marker {
    /// Which operation it is the marker of, as the column `operation_type` has it: `seed-migration` for a seed.
    #[must_use]
    pub fn operation_type(&self) -> &'static str {
        OperationType::of_marker(&self.id).as_str()
    }

    pub(crate) fn source(&self) -> Source<'_> {
        match &self.source_hash {
            Some(hash) => Source::of_hash(hash),
            None if self.is_foreign => Source::Foreign,
            None => Source::Unknown,
        }
    }
}

/// What starts a run; stored in the marker as `applied_by`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppliedBy {
    /// The app, as it starts. The default.
    #[default]
    Boot,
    /// A person at a command line.
    Cli,
    /// A step of a pipeline.
    CiPipeline,
}

impl AppliedBy {
    /// The spelling in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Cli => "cli",
            Self::CiPipeline => "ci-pipeline",
        }
    }
}

impl fmt::Display for AppliedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for AppliedBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Boot, Self::Cli, Self::CiPipeline]
            .into_iter()
            .find(|applied_by| applied_by.as_str() == text)
            .ok_or_else(|| format!("expected boot, cli or ci-pipeline, not {text:?}"))
    }
}
