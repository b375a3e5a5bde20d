//! What kinds of rows the ledger has.

/// The type of an operation, as the column `operation_type` has it. Other services write types that are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::enum_variant_names,
    reason = "these are the types of one kind of operation, and there will be others"
)]
pub(crate) enum OperationType {
    /// A seed was applied: its marker.
    SeedMigration,
    /// The hash of an applied seed's source.
    SeedSource,
    /// A seed was marked as applied by hand.
    SeedMark,
    /// A seed's marker was taken away by hand.
    SeedUnmark,
}

impl OperationType {
    /// Those that concern seeds.
    pub(crate) const OF_SEEDS: [Self; 4] = [
        Self::SeedMigration,
        Self::SeedSource,
        Self::SeedMark,
        Self::SeedUnmark,
    ];

    /// The spelling in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SeedMigration => "seed-migration",
            Self::SeedSource => "seed-source",
            Self::SeedMark => "seed-mark",
            Self::SeedUnmark => "seed-unmark",
        }
    }

    /// The type with this spelling, if it is one that concerns seeds.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut types = Self::OF_SEEDS.into_iter();
        types.find(|operation_type| operation_type.as_str() == text)
    }
}
