//! Which database a command works on, and opening it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Pool};

use super::shown_url::{has_secrets_in_place, without_secrets};
use super::{DatabaseArguments, Failure};
use crate::{Backend, History, SeedRunner};

/// A database URL and where it was found. It prints without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    url: String,
    source: String,
    creating_command: Option<String>,
}

/// Where the program that started this one found the URL in `DATABASE_URL`, for messages. `cargo
/// kumiko-ops` sets it, so that nobody is sent to a variable that they never set.
const SOURCE_VARIABLE: &str = "KUMIKO_DATABASE_URL_SOURCE";

const POSTGRES_URL: &str = "postgres://user:password@host:port/database";
const SQLITE_URL: &str = "sqlite:path/to/file.db";

/// How long to wait for a server to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

impl DatabaseUrl {
    /// A URL that was found in `source`: a flag, a variable, a file.
    pub fn new(url: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            source: source.into(),
            creating_command: None,
        }
    }

    /// Sets the command that creates the database, which is what to do where there is none.
    #[must_use]
    pub fn created_by(mut self, command: impl Into<String>) -> Self {
        self.creating_command = Some(command.into());
        self
    }

    /// The URL of `--database-url`, or else of the variable `DATABASE_URL`. An empty one is none.
    #[must_use]
    pub fn from_arguments(arguments: &DatabaseArguments) -> Option<Self> {
        let flag = arguments
            .database_url
            .clone()
            .map(|url| Self::new(url, "--database-url"));
        let variable = || {
            let url = std::env::var("DATABASE_URL").ok()?;
            let source = std::env::var(SOURCE_VARIABLE).ok();
            Some(Self::new(url, source.as_deref().unwrap_or("DATABASE_URL")))
        };
        flag.or_else(variable).filter(|found| !found.url.is_empty())
    }

    /// The variables through which another program's [`DatabaseUrl::from_arguments`] finds this URL,
    /// and knows where it came from.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [("DATABASE_URL", &self.url), (SOURCE_VARIABLE, &self.source)]
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

    fn scheme(&self) -> &str {
        self.url.split(':').next().unwrap_or_default()
    }

    pub(super) fn is_for<DB: Database>(&self) -> bool {
        DB::URL_SCHEMES.contains(&self.scheme())
            && (self.scheme() == "sqlite" || has_secrets_in_place(&self.url))
    }

    pub(super) fn is_of_no_kind(&self) -> Failure {
        self.is_not_of("PostgreSQL or SQLite")
            .help(format!("use {POSTGRES_URL} or {SQLITE_URL}"))
    }

    /// The failure of an app that has its seeds for another kind of database.
    fn is_not_for<DB: Database>(&self) -> Failure {
        let mut failure = self.is_not_of(DB::NAME);
        let (feature, url) = match DB::NAME {
            "PostgreSQL" => ("postgres", POSTGRES_URL),
            _ => ("sqlite", SQLITE_URL),
        };
        let is_known = ["postgres", "postgresql", "sqlite"].contains(&self.scheme());
        if is_known && !DB::URL_SCHEMES.contains(&self.scheme()) {
            failure.notes.push(format!(
                "this app is built for {}, with the feature {feature} of kumiko-seeds",
                DB::NAME
            ));
        }
        failure.help(format!("use {url}"))
    }

    fn is_not_of(&self, kind: &str) -> Failure {
        let Self { source, .. } = self;
        let failure = Failure::new(format!(
            "the database URL in {source} is not the URL of a {kind} database"
        ));
        if self.scheme().starts_with("postgres") {
            failure.help("in user and password, write / as %2F, ? as %3F, # as %23 and @ as %40")
        } else {
            failure
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

/// Reads what a database of either kind tells of seeds, without creating anything.
///
/// # Errors
/// If the database cannot be reached or read, or the URL is of neither kind.
pub async fn read_history(url: &DatabaseUrl) -> Result<History, Failure> {
    #[cfg(feature = "postgres")]
    if url.is_for::<sqlx::Postgres>() {
        return history_in::<sqlx::Postgres>(url).await;
    }
    #[cfg(feature = "sqlite")]
    if url.is_for::<sqlx::Sqlite>() {
        return history_in::<sqlx::Sqlite>(url).await;
    }
    Err(url.is_of_no_kind())
}

/// Reads what a database tells of seeds, without creating anything.
pub(super) async fn history_in<DB: Open>(url: &DatabaseUrl) -> Result<History, Failure> {
    let pool = DB::open_existing(url).await?;
    let history = SeedRunner::<DB>::new(&[]).history(&pool).await;
    pool.close().await;
    history.map_err(|error| Failure::of_error(&error, url))
}

/// A database that a command can open. Its methods are not for callers.
pub trait Open: Backend {
    /// Opens a database for reading, and fails if it is not there.
    #[doc(hidden)]
    fn open_existing(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>>;

    /// Opens a database for applying seeds to it.
    #[doc(hidden)]
    fn open_or_create(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>>;

    /// Opens a database for running seeds and keeping nothing, not even the database.
    #[doc(hidden)]
    fn open_for_trying(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>>;
}

#[cfg(feature = "postgres")]
impl Open for sqlx::Postgres {
    fn open_existing(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Box::pin(async move { connect::<Self>(url, parse::<Self>(url)?).await })
    }

    fn open_or_create(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Self::open_existing(url)
    }

    fn open_for_trying(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Self::open_existing(url)
    }
}

#[cfg(feature = "sqlite")]
impl Open for sqlx::Sqlite {
    fn open_existing(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Box::pin(async move {
            let options = parse::<Self>(url)?.create_if_missing(false);
            let file = options.get_filename();
            // SQLite says no more than that it could not open the file.
            if !url.url.contains(":memory:") && !file.exists() {
                let creation = match &url.creating_command {
                    Some(command) => format!("create it:\n    {command}"),
                    None => "seed:apply creates it".to_owned(),
                };
                let failure = format!("there is no database file {}", file.display());
                let correction =
                    format!("if it should be there, correct the path in {}", url.source);
                return Err(Failure::new(failure).help(creation).help(correction));
            }
            connect::<Self>(url, options).await
        })
    }

    fn open_or_create(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Box::pin(
            async move { connect::<Self>(url, parse::<Self>(url)?.create_if_missing(true)).await },
        )
    }

    fn open_for_trying(url: &DatabaseUrl) -> BoxFuture<'_, Result<Pool<Self>, Failure>> {
        Box::pin(async move {
            let options = parse::<Self>(url)?.create_if_missing(false);
            if options.get_filename().exists() {
                return connect::<Self>(url, options).await;
            }
            // What would be created is empty, and so is this.
            let in_memory = DatabaseUrl::new("sqlite::memory:", url.source.clone());
            connect::<Self>(&in_memory, parse::<Self>(&in_memory)?).await
        })
    }
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

fn parse<DB: Database>(url: &DatabaseUrl) -> Result<Options<DB>, Failure> {
    if !url.is_for::<DB>() {
        return Err(url.is_not_for::<DB>());
    }
    // The parser's error may quote the URL, so it is not shown.
    Options::<DB>::from_str(&url.url).map_err(|_| url.is_not_for::<DB>())
}

async fn connect<DB: Open>(url: &DatabaseUrl, options: Options<DB>) -> Result<Pool<DB>, Failure> {
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
        failure.help.extend(help(&error, url));
        failure
    })
}

/// What to do about a driver's error.
pub(super) fn help(error: &sqlx::Error, url: &DatabaseUrl) -> Option<String> {
    let source = &url.source;
    let text = match error {
        sqlx::Error::Io(error) if error.to_string().contains("certificate") => {
            "if the server's certificate is right, let the system trust who signed it, or name it:\n    \
             export SSL_CERT_FILE=path/to/authority.pem"
                .to_owned()
        }
        sqlx::Error::Tls(error) if error.to_string().contains("built without TLS") => {
            "build the app with TLS, in one of the ways that sqlx knows:\n    \
             cargo add sqlx --no-default-features --features tls-rustls-ring-native-roots"
                .to_owned()
        }
        sqlx::Error::Tls(_) => format!("let the server use TLS, or correct sslmode in {source}"),
        sqlx::Error::Io(_) => {
            format!("is the server running, and are host and port in {source} right?")
        }
        sqlx::Error::PoolTimedOut => format!("is the server reachable? the address is in {source}"),
        sqlx::Error::Database(error) => match error.code()?.as_ref() {
            "28P01" | "28000" => format!("correct user and password in {source}"),
            "3D000" => format!("create the database, or correct its name in {source}"),
            "42501" => {
                "ask the owner of the database to grant this, or to apply the seeds".to_owned()
            }
            "25006" | "0A000" | "8" | "1032" => {
                "seeds need a database that can be written to, not a standby or a read-only file"
                    .to_owned()
            }
            "14" => format!(
                "do the folder and the file exist, and may this user write there? the path is in {source}"
            ),
            "26" => format!("the file in {source} is not a SQLite database"),
            _ => return None,
        },
        _ => return None,
    };
    Some(text)
}

#[cfg(all(test, feature = "postgres", feature = "sqlite"))]
mod tests;
