//! The arguments that name a database.

use std::fmt;

use clap::Args;

use super::shown_url::without_secrets;
use crate::printing::shell_word;

/// Which database. It prints without a password.
#[derive(Clone, Default, Args)]
pub struct DatabaseArguments {
    /// The URL of the database.
    #[arg(
        long,
        value_name = "URL",
        help = "The database, postgres://… or sqlite:…; where the URL has a password, use DATABASE_URL"
    )]
    pub(crate) database_url: Option<String>,
}

impl DatabaseArguments {
    /// The same arguments, to be put behind a command that is shown to be pasted: without them it would go to another
    /// database. Only a SQLite URL is shown, since it has no password.
    #[must_use]
    pub fn repeated(&self) -> String {
        match &self.database_url {
            Some(url) if url.starts_with("sqlite:") => {
                format!(" --database-url {}", shell_word(url))
            }
            Some(_) => " --database-url <URL>".to_owned(),
            None => String::new(),
        }
    }
}

impl fmt::Debug for DatabaseArguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database_url = self.database_url.as_deref().map(without_secrets);
        let mut shown = formatter.debug_struct("DatabaseArguments");
        shown.field("database_url", &database_url).finish()
    }
}
