//! Which database a package's seeds run on. Pure.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind};
use clap::ValueEnum;

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
}

/// A database, and why it is this one.
pub(super) struct Chosen {
    pub(super) database: Database,
    pub(super) reason: &'static str,
}

/// The one that is asked for, that `kumiko-seeds` is used with, or that sqlx is; PostgreSQL where that
/// leaves a choice.
pub(super) fn choose(asked_for: Option<Database>, member: &Member) -> Chosen {
    let chosen = |database, reason| Chosen { database, reason };
    if let Some(database) = asked_for {
        return chosen(database, "as --database says");
    }
    let dependency = |name: &str| {
        let mut dependencies = member.package.dependencies.iter();
        dependencies.find(|one| one.name == name && one.kind == DependencyKind::Normal)
    };
    if let Some(library) = member.library()
        && let Some((database, _)) = of_features(library, member)
    {
        return chosen(database, "as the features of kumiko-seeds say");
    }
    if let Some(driver) = dependency("sqlx")
        && let Some((database, is_only_one)) = of_features(driver, member)
    {
        let reason = if is_only_one {
            "as the features of sqlx say"
        } else {
            "as sqlx has features of both databases; --database sqlite chooses SQLite"
        };
        return chosen(database, reason);
    }
    chosen(
        Database::Postgres,
        "the default; --database sqlite chooses SQLite",
    )
}

/// The features of a dependency that the package or any feature of it enables.
pub(super) fn features<'a>(dependency: &'a Dependency, member: &'a Member) -> BTreeSet<&'a str> {
    features_from(
        member.package.features.keys().map(String::as_str),
        dependency,
        member,
    )
}

/// The database that a dependency is for, and whether it is for no other: first by what the package
/// enables by default.
fn of_features(dependency: &Dependency, member: &Member) -> Option<(Database, bool)> {
    let by_default = features_from(["default"], dependency, member);
    [by_default, features(dependency, member)]
        .iter()
        .find_map(|features| {
            let sqlite = features.iter().any(|one| one.starts_with("sqlite"));
            match (features.contains("postgres"), sqlite) {
                (true, both) => Some((Database::Postgres, !both)),
                (false, true) => Some((Database::Sqlite, true)),
                (false, false) => None,
            }
        })
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
