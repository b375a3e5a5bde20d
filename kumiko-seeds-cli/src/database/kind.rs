//! The databases that seeds run on. Pure.

use sqlx::Database;

/// A database that seeds run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    Sqlite,
}

impl Kind {
    pub(super) fn of<DB: Database>() -> Self {
        if DB::NAME == Self::Sqlite.name() {
            Self::Sqlite
        } else {
            Self::Postgres
        }
    }

    /// What people call it, which is also the driver's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// The feature of `kumiko-seeds`.
    pub(super) fn feature(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// A URL of it.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://user:password@host:port/database",
            Self::Sqlite => "sqlite:path/to/file.db",
        }
    }
}
