//! Opening a database for a command.

use std::io::stderr;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Pool};

use super::history::say_that_there_is_none;
use super::sqlite_file::Place;
use super::{DatabaseUrl, connect_help, url_fault};
use crate::{ApplyArguments, Failure};
use kumiko_seeds::Backend;

/// How long to wait for a server to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

impl DatabaseUrl {
    /// Fails where `seed:apply` would, as far as that can be known without connecting, and before anything is built.
    ///
    /// # Errors
    /// If the database ends with the command, or neither exists nor may be created.
    pub fn check_for_applying(&self, arguments: &ApplyArguments) -> Result<(), Failure> {
        match self.place()? {
            Place::Memory if !arguments.dry_run => {
                let failure = self.in_memory();
                Err(failure.help("or try the seeds there, with --dry-run"))
            }
            _ => Ok(()),
        }
    }

    /// Fails where there is no database to change a marker in.
    pub(crate) fn check_for_changing(&self) -> Result<(), Failure> {
        match self.place()? {
            Place::There => Ok(()),
            Place::ToCreate => Err(self.not_created()),
            Place::Memory => Err(self.in_memory()),
        }
    }
}

/// Opens a database that is there, and none that is yet to be created.
pub(crate) async fn connect<DB: Backend>(url: &DatabaseUrl) -> Result<Option<Pool<DB>>, Failure> {
    url.check_is_for::<DB>()?;
    match url.place()? {
        Place::There => open(url).await.map(Some),
        Place::ToCreate => Ok(None),
        Place::Memory => Err(url.in_memory()),
    }
}

/// Opens a database for what the arguments ask for: to apply seeds to it, or to try them and keep nothing, not even
/// the database.
pub(crate) async fn connect_for_applying<DB: Backend>(
    url: &DatabaseUrl,
    arguments: &ApplyArguments,
) -> Result<Pool<DB>, Failure> {
    url.check_is_for::<DB>()?;
    url.check_for_applying(arguments)?;
    if arguments.dry_run && url.place()? == Place::ToCreate {
        say_that_there_is_none(url, &mut stderr());
        // What would be created is empty, and so is this.
        let in_memory = DatabaseUrl::read("sqlite::memory:", url.source.clone())?;
        return open(&in_memory).await;
    }
    open(url).await
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

pub(super) fn parse<DB: Database>(url: &DatabaseUrl) -> Result<Options<DB>, Failure> {
    // The parser's error may quote the URL, so it is not shown.
    Options::<DB>::from_str(&url.url)
        .map_err(|_| url_fault::not_understood(url.kind).in_source(&url.source))
}

async fn open<DB: Backend>(url: &DatabaseUrl) -> Result<Pool<DB>, Failure> {
    let options = parse::<DB>(url)?;
    let opened = async {
        // A pool would retry a refused connection for half a minute, and then not say why it gave up.
        tokio::time::timeout(CONNECT_TIMEOUT, options.connect())
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))?
            .close()
            .await?;
        let pool = PoolOptions::<DB>::new().max_connections(1);
        pool.connect_with(options).await
    };
    opened.await.map_err(|error| {
        let mut failure = Failure::new(format!("could not connect to {url}")).caused_by(&error);
        failure.help.extend(connect_help::help(&error, url));
        failure
    })
}
