//! A PostgreSQL database for each test.

use std::env;
use std::str::FromStr;

use serde_json::Value;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Pool, Postgres};

use super::database_name::DatabaseName;
use super::engine::Engine;
use super::error::{EXPORT, Error};

/// A database on a server.
#[doc(hidden)]
pub struct Place {
    server: Server,
    name: String,
    /// A database with a session is one whose test still runs.
    in_use: PgConnection,
}

/// A server on which databases may be created.
struct Server {
    options: PgConnectOptions,
    kind: Kind,
}

enum Kind {
    /// The one that `TEST_DATABASE_URL` names.
    Named,
    /// One of this process, which ends with it.
    #[cfg(unix)]
    Throwaway,
}

/// The variable that names a server.
const VARIABLE: &str = "TEST_DATABASE_URL";

/// Held on a server while leftovers are removed and until the new database has a session.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_lock(hashtextextended('kumiko-seeds-testing', 0))";

impl Engine for Postgres {
    #[cfg(feature = "events")]
    const BEGIN: &'static str = "BEGIN";

    type Place = Place;

    async fn create(name: &DatabaseName) -> Result<(Pool<Self>, Place), Error> {
        let server = server()?;
        let connected = PgConnection::connect_with(&server.options).await;
        let mut session = connected.map_err(Error::database(server.kind.connecting()))?;
        let name_of_it = name.name();
        let created = create_database(&mut session, &server, name).await;
        let in_use = created.map_err(Error::database(format!(
            "create the database {name_of_it} on {}",
            server.shown()
        )))?;
        // With it goes the lock.
        drop(session.close().await);
        let options = server.options.clone().database(&name_of_it);
        let pool = PoolOptions::new().max_connections(5);
        let pool = pool.connect_with(options).await;
        let pool = pool.map_err(Error::database("connect to the test's database"))?;
        let place = Place {
            server,
            name: name_of_it,
            in_use,
        };
        Ok((pool, place))
    }

    async fn remove(pool: Pool<Self>, place: Place) -> Result<(), Error> {
        let Place {
            server,
            name,
            in_use,
        } = place;
        // Both belong to the runtime of the test, which cannot say goodbye for them any more.
        drop((pool, in_use));
        let removed = async {
            let mut session = PgConnection::connect_with(&server.options).await?;
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            session.execute(AssertSqlSafe(sql)).await?;
            session.close().await
        };
        let step = format!("remove the database {name}");
        removed.await.map_err(Error::database(step))
    }

    fn shown(place: &Place) -> String {
        let Place { server, name, .. } = place;
        match server.kind {
            Kind::Named => format!(
                "the database of the test stays for a look, until the test runs again: {name} on {}\n    \
                 psql \"${VARIABLE}\" and then \\connect {name}",
                server.shown()
            ),
            #[cfg(unix)]
            Kind::Throwaway => format!(
                "the database of the test goes with the server that was started for the tests; to have it stay for a \
                 look, name a server on which databases may be created:\n    {EXPORT}"
            ),
        }
    }

    async fn tables(pool: &Pool<Self>) -> sqlx::Result<Vec<String>> {
        let sql = "SELECT CAST(format('\"%s\".\"%s\"', replace(n.nspname, '\"', '\"\"'),
                                      replace(c.relname, '\"', '\"\"')) AS text)
                   FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                   WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
                     AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'";
        sqlx::query_scalar(sql).fetch_all(pool).await
    }

    async fn rows(pool: &Pool<Self>, sql: &str) -> sqlx::Result<Vec<Value>> {
        let query = sql.trim_end().trim_end_matches(';');
        let sql =
            format!("SELECT CAST(row_to_json(row_of_it) AS text) FROM ({query}\n) AS row_of_it");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await?;
        let rows = rows.iter().map(|row| serde_json::from_str(row));
        let rows: serde_json::Result<Vec<Value>> = rows.collect();
        rows.map_err(|error| sqlx::Error::Decode(error.into()))
    }

    async fn execute(pool: &Pool<Self>, sql: &str) -> sqlx::Result<()> {
        let executed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
        executed.map(drop)
    }
}

/// Creates a database, after it has removed those that the same test has left, and gives a session in it.
async fn create_database(
    session: &mut PgConnection,
    server: &Server,
    name: &DatabaseName,
) -> sqlx::Result<PgConnection> {
    session.execute(ONE_AT_A_TIME).await?;
    let unused = "SELECT CAST(datname AS text) FROM pg_database AS d
                  WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = d.oid)";
    let unused: Vec<String> = sqlx::query_scalar(unused).fetch_all(&mut *session).await?;
    for leftover in unused.iter().filter(|unused| name.is_left_over(unused)) {
        let sql = format!("DROP DATABASE IF EXISTS {leftover}");
        // What stays is in nobody's way.
        drop(session.execute(AssertSqlSafe(sql)).await);
    }
    let name = name.name();
    let sql = format!("CREATE DATABASE {name}");
    session.execute(AssertSqlSafe(sql)).await?;
    PgConnection::connect_with(&server.options.clone().database(&name)).await
}

fn server() -> Result<Server, Error> {
    let url = env::var(VARIABLE).unwrap_or_default();
    if url.is_empty() {
        return throwaway();
    }
    Ok(Server {
        options: options(&url)?,
        kind: Kind::Named,
    })
}

fn options(url: &str) -> Result<PgConnectOptions, Error> {
    PgConnectOptions::from_str(url).map_err(|source| Error::Url { source })
}

/// The server of this process, which is started for the first test that wants one.
#[cfg(unix)]
fn throwaway() -> Result<Server, Error> {
    use std::sync::OnceLock;

    use crate::{Cluster, Failure};

    static SERVER: OnceLock<Result<Cluster, Failure>> = OnceLock::new();
    match SERVER.get_or_init(Cluster::start) {
        Ok(cluster) => Ok(Server {
            options: options(&cluster.url())?,
            kind: Kind::Throwaway,
        }),
        Err(failure) => Err(no_server(failure)),
    }
}

#[cfg(unix)]
fn no_server(failure: &crate::Failure) -> Error {
    Error::NoServer {
        reason: failure.chain(),
        help: failure.remedy(),
    }
}

#[cfg(not(unix))]
fn throwaway() -> Result<Server, Error> {
    Err(Error::NoServer {
        reason: "one that ends with the tests can be started on Unix only".to_owned(),
        help: None,
    })
}

impl Server {
    /// Where it is, without the password.
    fn shown(&self) -> String {
        format!("{}:{}", self.options.get_host(), self.options.get_port())
    }
}

impl Kind {
    fn connecting(&self) -> &'static str {
        match self {
            Self::Named => "connect to the server that TEST_DATABASE_URL names",
            #[cfg(unix)]
            Self::Throwaway => "connect to the server that was started for the tests",
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::no_server;
    use crate::servers::missing;

    /// No machine on which tests run lacks it, so the failure is made here.
    #[test]
    fn where_there_is_no_postgresql_it_says_what_to_set_or_to_install() {
        assert_eq!(
            format!("{:?}", no_server(&missing())),
            "there is no PostgreSQL server for this test: TEST_DATABASE_URL is not set, and PostgreSQL's server \
             programs (initdb, postgres) were not found
help: name a server on which databases may be created:
    export TEST_DATABASE_URL=postgres://user:password@localhost/postgres
help: install them, then run the command again:
    Debian, Ubuntu:  sudo apt-get install postgresql
    Fedora:          sudo dnf install postgresql-server
    macOS:           brew install postgresql"
        );
    }
}
