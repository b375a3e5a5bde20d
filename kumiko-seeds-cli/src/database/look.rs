//! A look at a place where the URL of the database may be.

use std::env;

use super::arguments::DatabaseArguments;
use super::kind::Kind;
use super::url::{DatabaseUrl, SOURCE_VARIABLE, URL_VARIABLE};
use crate::failure::Failure;
use crate::printing::shell_word;

/// What a look at a place gave.
///
/// It fails where something is there that cannot be understood: going on to the next place might end in another
/// database than the one that is meant.
#[derive(Clone, Debug)]
pub enum Look {
    /// The URL is there.
    Found(DatabaseUrl),
    /// Where it was looked for, and why it is not there.
    Miss(String),
}

impl Look {
    /// A look at `--database-url`.
    ///
    /// # Errors
    /// If the flag is empty or its URL cannot be used.
    pub fn at_flag(arguments: &DatabaseArguments) -> Result<Self, Failure> {
        match arguments.database_url.as_deref() {
            None => Ok(Self::Miss("--database-url is not given".to_owned())),
            Some(url) if url.trim().is_empty() => Err(Failure::new("--database-url is empty")
                .help("does the variable that it is taken from have a value?")),
            Some(url) => DatabaseUrl::read(url, "--database-url").map(Self::Found),
        }
    }

    /// A look at the variable `DATABASE_URL`. An empty one is how a shell leaves it unset.
    ///
    /// # Errors
    /// If its value is no text or no URL that can be used.
    pub fn at_variable() -> Result<Self, Failure> {
        match env::var(URL_VARIABLE) {
            Err(env::VarError::NotPresent) => Ok(Self::Miss("DATABASE_URL is not set".to_owned())),
            Err(env::VarError::NotUnicode(_)) => {
                Err(Failure::new("the variable DATABASE_URL is not UTF-8")
                    .help("unset DATABASE_URL"))
            }
            Ok(url) if url.trim().is_empty() => Ok(Self::Miss("DATABASE_URL is empty".to_owned())),
            Ok(url) => {
                let source = env::var(SOURCE_VARIABLE);
                let source = source.unwrap_or_else(|_| URL_VARIABLE.to_owned());
                DatabaseUrl::read(&url, source).map(Self::Found)
            }
        }
    }

    /// The database of the arguments or of this process's environment, if they name one.
    pub(crate) fn at_both(
        arguments: &DatabaseArguments,
    ) -> Result<Result<DatabaseUrl, Vec<String>>, Failure> {
        let mut misses = Vec::new();
        for look in [
            |arguments| Self::at_flag(arguments),
            |_| Self::at_variable(),
        ] {
            match look(arguments)? {
                Self::Found(url) => return Ok(Ok(url)),
                Self::Miss(miss) => misses.push(miss),
            }
        }
        Ok(Err(misses))
    }
}

/// The database of the arguments or of this process's environment.
pub(crate) fn find<DB: sqlx::Database>(
    arguments: &DatabaseArguments,
) -> Result<DatabaseUrl, Failure> {
    Look::at_both(arguments)?.map_err(none_found::<DB>)
}

/// The failure of an app of this database that has found no URL.
fn none_found<DB: sqlx::Database>(misses: Vec<String>) -> Failure {
    let url = match Kind::of::<DB>() {
        Kind::Postgres => Kind::Postgres.example(),
        Kind::Sqlite => "sqlite:app.db?mode=rwc",
    };
    let mut failure = Failure::new("no database is configured").help(format!(
        "name it for this shell:\n    export DATABASE_URL={}",
        shell_word(url)
    ));
    failure.notes = misses;
    failure
}
