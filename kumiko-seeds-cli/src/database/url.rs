//! The URL of a database, as every command reads it.

use std::fmt;
use std::path::Path;

use sqlx::Database;

use super::kind::Kind;
use super::shown_url::without_secrets;
use super::{sqlite_url, url_fault};
use crate::failure::Failure;

/// Where a program looks for the URL.
pub(super) const URL_VARIABLE: &str = "DATABASE_URL";

/// Where the program that started this one found the URL in `DATABASE_URL`, for messages. `cargo
/// kumiko-ops` sets it, so that nobody is sent to a variable that they never set.
pub(super) const SOURCE_VARIABLE: &str = "KUMIKO_DATABASE_URL_SOURCE";

/// A database URL and where it was found. It prints without its password.
///
/// **Invariant:** it is the one reading of a URL that all commands have, in every program, and the reading of the
/// driver: the app itself finds the same database under it.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub(super) url: String,
    pub(super) source: String,
    pub(super) kind: Kind,
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

    /// The variables through which another program finds this URL with [`Look::at_variable`](super::Look::at_variable), and knows
    /// where it came from.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [(URL_VARIABLE, &self.url), (SOURCE_VARIABLE, &self.source)]
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

    pub(crate) fn check_is_for<DB: Database>(&self) -> Result<(), Failure> {
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
