//! The databases that seeds run on, and which of them the features of a dependency name. Pure.

use std::collections::BTreeSet;

use cargo_metadata::Dependency;
use clap::ValueEnum;

use crate::app_source::mentions;
use crate::package::Member;
use crate::seed_new::context_module::enabled;

/// A database that seeds run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Database {
    Postgres,
    Sqlite,
}

impl Database {
    /// The feature of `kumiko-seeds`, which is also the name of its module.
    pub(super) fn feature(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// The pool of sqlx for it.
    pub(super) fn pool(self) -> &'static str {
        match self {
            Self::Postgres => "PgPool",
            Self::Sqlite => "SqlitePool",
        }
    }

    /// The only one whose module a source names; none if it names both or neither.
    pub(super) fn named_in(source: &str) -> Option<Self> {
        let names = |database: Self| mentions(source, database.feature());
        match (names(Self::Postgres), names(Self::Sqlite)) {
            (true, false) => Some(Self::Postgres),
            (false, true) => Some(Self::Sqlite),
            _ => None,
        }
    }
}

/// What the features of a dependency say about the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Featured {
    Only(Database),
    Both,
    Neither,
}

/// The database that a dependency is for: first by what the package enables by default.
pub(super) fn featured(dependency: &Dependency, member: &Member) -> Featured {
    let by_default = features_from(["default"], dependency, member);
    [by_default, features(dependency, member)]
        .iter()
        .map(of_features)
        .find(|featured| *featured != Featured::Neither)
        .unwrap_or(Featured::Neither)
}

/// The features of a dependency that the package or any feature of it enables.
pub(super) fn features<'a>(dependency: &'a Dependency, member: &'a Member) -> BTreeSet<&'a str> {
    let all = member.package.features.keys().map(String::as_str);
    features_from(all, dependency, member)
}

fn of_features(features: &BTreeSet<&str>) -> Featured {
    // sqlx-postgres and sqlite-bundled are names, too.
    let has = |name: &str| features.iter().any(|feature| feature.contains(name));
    match (has("postgres"), has("sqlite")) {
        (true, true) => Featured::Both,
        (true, false) => Featured::Only(Database::Postgres),
        (false, true) => Featured::Only(Database::Sqlite),
        (false, false) => Featured::Neither,
    }
}

fn features_from<'a>(
    start: impl IntoIterator<Item = &'a str>,
    dependency: &'a Dependency,
    member: &'a Member,
) -> BTreeSet<&'a str> {
    let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
    let mut features = enabled(start, name, &member.package.features);
    features.extend(dependency.features.iter().map(String::as_str));
    features
}
