//! What a package speaks to its database with, and what that means for seeds. Pure.

use cargo_metadata::{Dependency, DependencyKind};

use crate::package::{BESIDE_ANOTHER, Database, Member, Sqlx};

/// A dependency that speaks to a database.
pub(super) struct Driver<'a> {
    pub(super) dependency: &'a Dependency,
    /// The only database it is for; none where its features say.
    pub(super) is_for: Option<Database>,
}

/// Drivers on which the library does not work, beside sqlx itself.
const OTHERS: [(&str, Option<Database>); 10] = [
    ("sea-orm", None),
    ("diesel", None),
    ("diesel-async", None),
    ("tokio-postgres", Some(Database::Postgres)),
    ("deadpool-postgres", Some(Database::Postgres)),
    ("bb8-postgres", Some(Database::Postgres)),
    ("postgres", Some(Database::Postgres)),
    ("rusqlite", Some(Database::Sqlite)),
    ("tokio-rusqlite", Some(Database::Sqlite)),
    ("deadpool-sqlite", Some(Database::Sqlite)),
];

/// Drivers of databases that seeds do not run on.
const FOREIGN: [(&str, &str); 4] = [
    ("mysql", "MySQL"),
    ("mysql_async", "MySQL"),
    ("tiberius", "SQL Server"),
    ("mongodb", "MongoDB"),
];

/// The drivers of the package, sqlx first.
pub(super) fn of(member: &Member) -> Vec<Driver<'_>> {
    let sqlx = [("sqlx", None)];
    let known = sqlx.into_iter().chain(OTHERS);
    known
        .filter_map(|(name, is_for)| {
            dependency(member, name).map(|dependency| Driver { dependency, is_for })
        })
        .collect()
}

/// The database of the package that seeds do not run on, if it has one.
pub(super) fn foreign(member: &Member) -> Option<&'static str> {
    let mut drivers = of(member).into_iter();
    if drivers.any(|driver| {
        member
            .features_of(driver.dependency)
            .iter()
            .any(|one| one.contains("mysql"))
    }) {
        return Some("MySQL");
    }
    let mut foreign = FOREIGN.iter();
    foreign.find_map(|(driver, name)| dependency(member, driver).map(|_| *name))
}

/// What to know where the app has no pool that seeds can have.
pub(super) fn note(member: &Member, database: Database, package: &str) -> Option<String> {
    let (driver, why, crate_name, rename) = match Sqlx::of(member) {
        Sqlx::Usable => return None,
        Sqlx::OfVersion(version) => (
            format!("sqlx {version}"),
            "a pool of the one is none for the other. Both can be in one app, which then compiles two; or go over \
             to sqlx 0.9",
            BESIDE_ANOTHER,
            format!(" --rename {BESIDE_ANOTHER}"),
        ),
        Sqlx::Missing => {
            let mut others = OTHERS.iter();
            let other = others.find_map(|(driver, _)| dependency(member, driver))?;
            (
                other.name.clone(),
                "nothing that is written through it is in a seed's transaction. Both can be in one app, and what \
                 seeds and their write handlers change is then written with sqlx",
                "sqlx",
                String::new(),
            )
        }
    };
    Some(format!(
        "package {} uses {driver}, and seeds use sqlx 0.9: {why}. Give the seeds a small pool of their own:\n    \
         cargo add sqlx@0.9{rename} --no-default-features{package}\n    \
         let pool = {crate_name}::{}::connect(&url).await?;",
        member.name(),
        database.pool()
    ))
}

/// The commands that add what a pool needs to a package that has no driver at all.
pub(super) fn missing_dependencies(member: &Member, package: &str) -> Vec<String> {
    if !of(member).is_empty() || foreign(member).is_some() {
        return Vec::new();
    }
    let needed = [
        ("sqlx", "cargo add sqlx@0.9 --no-default-features"),
        ("tokio", "cargo add tokio --features macros,rt-multi-thread"),
    ];
    needed
        .into_iter()
        .filter(|(name, _)| dependency(member, name).is_none())
        .map(|(_, command)| format!("{command}{package}"))
        .collect()
}

fn dependency<'a>(member: &'a Member, name: &str) -> Option<&'a Dependency> {
    let mut dependencies = member.package.dependencies.iter();
    dependencies.find(|one| one.name == name && one.kind == DependencyKind::Normal)
}
