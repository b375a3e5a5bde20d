//! What kinds of rows the ledger has.

/// The type of an operation, as the column `operation_type` has it. Other services write types that are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationType {
    /// A seed was applied: its marker.
    SeedMigration,
    /// The hash of an applied seed's source.
    SeedSource,
    /// A seed was marked as applied by hand.
    SeedMark,
    /// A seed's marker was taken away by hand.
    SeedUnmark,
    /// The rows of a projection are as a version of the code makes them: the marker of its rebuild.
    ProjectionRebuild,
    /// The rows of a projection that one aggregate or one tenant has are as the code makes them.
    AggregateRebuild,
    /// What was archived for long is deleted for good.
    ArchivedStreamPurge,
    /// Events of a range were delivered to a reactor again.
    EventReplay,
}

impl OperationType {
    /// Those that this library writes.
    pub(crate) const ALL: [Self; 8] = [
        Self::SeedMigration,
        Self::SeedSource,
        Self::SeedMark,
        Self::SeedUnmark,
        Self::ProjectionRebuild,
        Self::AggregateRebuild,
        Self::ArchivedStreamPurge,
        Self::EventReplay,
    ];

    /// Those of markers.
    pub(crate) const OF_MARKERS: [Self; 5] = [
        Self::SeedMigration,
        Self::ProjectionRebuild,
        Self::AggregateRebuild,
        Self::ArchivedStreamPurge,
        Self::EventReplay,
    ];

    /// The type of the marker of what has this id. That of a seed is a file's name; every other begins with its type and a `/`.
    pub(crate) fn of_marker(id: &str) -> Self {
        // A file's name begins with a digit, and there may be thousands of them.
        if id.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            return Self::SeedMigration;
        }
        let named = id.split_once('/').map(|(name, _)| name);
        let mut others = Self::OF_MARKERS.into_iter();
        let found = others.find(|other| named == Some(other.as_str()));
        found.unwrap_or(Self::SeedMigration)
    }

    /// Those of markers, as a list of SQL.
    pub(crate) fn list_of_markers() -> String {
        let types = Self::OF_MARKERS.map(|of_marker| format!("'{}'", of_marker.as_str()));
        types.join(", ")
    }

    /// The spelling in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SeedMigration => "seed-migration",
            Self::SeedSource => "seed-source",
            Self::SeedMark => "seed-mark",
            Self::SeedUnmark => "seed-unmark",
            Self::ProjectionRebuild => "projection-rebuild",
            Self::AggregateRebuild => "aggregate-rebuild",
            Self::ArchivedStreamPurge => "archived-stream-purge",
            Self::EventReplay => "event-replay",
        }
    }

    /// The type with this spelling, if this library writes it.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut types = Self::ALL.into_iter();
        types.find(|operation_type| operation_type.as_str() == text)
    }
}
