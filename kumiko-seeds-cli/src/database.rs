//! The URL of a database, as every command reads it.

mod connect;
mod connect_help;
mod history;
mod look;
mod sqlite_file;
mod sqlite_url;
mod url_fault;

use std::fmt;
use std::path::Path;

use sqlx::Database;

use super::Failure;
use super::shown_url::without_secrets;

pub(super) use connect::{connect, connect_for_applying};
pub(super) use connect_help::help;
pub(super) use history::{history_of, runner_of};
pub use history::{none_yet, read_history};
pub use look::Look;
pub(super) use look::none_found;

/// A database URL and where it was found. It prints without its password.
///
/// **Invariant:** it is the one reading of a URL that all commands have, in every program, and the reading of the
/// driver: the app itself finds the same database under it.
#[derive(Clone)]
pub struct DatabaseUrl {
    url: String,
    source: String,
    kind: Kind,
}

/// The databases that seeds run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Postgres,
    Sqlite,
}

impl DatabaseUrl {
    /// Reads the URL that was found in `source`: a flag, a variable, a file.
    ///
    /// # Errors
    /// If the database's driver would not understand it, or not as it is meant.
    pub fn read(text: &str, source: impl Into<String>) -> Result<Self, Failure> {
        let source = source.into();
        let kind = url_fault::kind(text).map_err(|fault| fault.in_source(&source))?;
        let url = match kind {
            // The driver of PostgreSQL takes it away as well.
            Kind::Postgres => text.trim_matches(url_fault::is_trimmed_by_postgres),
            Kind::Sqlite => text,
        };
        Ok(Self {
            url: url.to_owned(),
            source,
            kind,
        })
    }

    /// The same database from wherever it is looked for: the relative path of a SQLite file starts at `folder`.
    #[must_use]
    pub fn starting_at(self, folder: &Path) -> Self {
        let url = match self.kind {
            Kind::Postgres => self.url,
            Kind::Sqlite => sqlite_url::starting_at(folder, &self.url),
        };
        Self { url, ..self }
    }

    /// The variables through which another program finds this URL with [`Look::at_variable`], and knows
    /// where it came from.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [
            (look::URL_VARIABLE, &self.url),
            (look::SOURCE_VARIABLE, &self.source),
        ]
    }

    /// The URL as it is, password and all. Hand it on in an environment, never in an argument.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.url
    }

    /// Where the URL was found.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fails if the database is of no kind that `subject` is built for: `this app`, or a package.
    ///
    /// `features` are those of `kumiko-seeds` that it is built with; others than those of databases do not count.
    ///
    /// # Errors
    /// With what to use instead.
    pub fn check_kind(&self, subject: &str, features: &[&str]) -> Result<(), Failure> {
        let kinds = [Kind::Postgres, Kind::Sqlite];
        let built_for = kinds
            .into_iter()
            .find(|kind| features.contains(&kind.feature()));
        match built_for {
            Some(kind) if !features.contains(&self.kind.feature()) => {
                Err(self.is_not_for(subject, kind))
            }
            _ => Ok(()),
        }
    }

    /// Whether the URL is that of a database of this kind.
    #[must_use]
    pub fn is_for<DB: Database>(&self) -> bool {
        DB::NAME == self.kind.name()
    }

    fn check_is_for<DB: Database>(&self) -> Result<(), Failure> {
        self.check_kind("this app", &[Kind::of::<DB>().feature()])
    }

    fn is_not_for(&self, subject: &str, kind: Kind) -> Failure {
        let mut failure = Failure::new(format!(
            "the database URL in {} is that of a {} database",
            self.source,
            self.kind.name()
        ));
        failure.notes.push(format!(
            "{subject} is built for {}, with the feature {} of kumiko-seeds",
            kind.name(),
            kind.feature()
        ));
        failure.help(format!("use {}", kind.example()))
    }
}

impl Kind {
    fn of<DB: Database>() -> Self {
        if DB::NAME == Self::Sqlite.name() {
            Self::Sqlite
        } else {
            Self::Postgres
        }
    }

    /// What people call it, which is also the driver's name.
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// The feature of `kumiko-seeds`.
    fn feature(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// A URL of it.
    fn example(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://user:password@host:port/database",
            Self::Sqlite => "sqlite:path/to/file.db",
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&without_secrets(&self.url))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self} from {})", self.source)
    }
}

#[cfg(test)]
mod tests;
