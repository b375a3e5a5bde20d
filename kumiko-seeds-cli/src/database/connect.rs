//! Opening a database for a command.

use std::str::FromStr;
use std::time::Duration;

use kumiko_seeds::Backend;
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Pool};

use super::failed::of_driver;
use super::place::Place;
use super::url::DatabaseUrl;
use super::url_fault;
use crate::failure::Failure;

/// How long to wait for a server to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens a database that is there, and none that is yet to be created.
pub(crate) async fn connect<DB: Backend>(url: &DatabaseUrl) -> Result<Option<Pool<DB>>, Failure> {
    url.check_is_for::<DB>()?;
    match url.place()? {
        Place::There => open(url).await.map(Some),
        Place::ToCreate => Ok(None),
        Place::Memory => Err(url.in_memory()),
    }
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// What the driver understands of a URL.
pub(crate) fn parse<DB: Database>(url: &DatabaseUrl) -> Result<Options<DB>, Failure> {
    // The parser's error may quote the URL, so it is not shown.
    Options::<DB>::from_str(&url.url)
        .map_err(|_| url_fault::not_understood(url.kind).in_source(&url.source))
}

/// Opens a database, wherever it is.
pub(crate) async fn open<DB: Backend>(url: &DatabaseUrl) -> Result<Pool<DB>, Failure> {
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
        failure.help.extend(of_driver(&error, url));
        failure
    })
}
