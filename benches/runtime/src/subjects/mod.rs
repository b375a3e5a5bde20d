//! What is measured: Kumiko seeds and their peers.

#[cfg(feature = "diesel")]
mod diesel;
pub(crate) mod kumiko;
mod refinery;
mod sea_orm;
mod sqlx;
mod sqlx_migrator;

use ::sqlx::pool::PoolOptions;
use ::sqlx::{Connection, PgConnection, PgPool};

use crate::Result;

/// A library that brings a database up to date at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Kumiko,
    Sqlx,
    Refinery,
    SqlxMigrator,
    SeaOrm,
    #[cfg(feature = "diesel")]
    Diesel,
}

impl Subject {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Kumiko,
        Self::Sqlx,
        Self::Refinery,
        Self::SqlxMigrator,
        Self::SeaOrm,
        #[cfg(feature = "diesel")]
        Self::Diesel,
    ];

    /// The package that does it, which is also its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kumiko => "kumiko-seeds",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::SqlxMigrator => "sqlx_migrator",
            Self::SeaOrm => "sea-orm-migration",
            #[cfg(feature = "diesel")]
            Self::Diesel => "diesel_migrations",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self> {
        let named = Self::ALL.iter().find(|subject| subject.name() == name);
        named
            .copied()
            .ok_or_else(|| format!("there is no subject {name}").into())
    }
}

/// A subject with so many seeds or migrations and a fresh connection. What an app has ready when it is
/// compiled is ready; what it computes at each boot is not.
pub(crate) enum Session {
    Kumiko(kumiko::Kumiko),
    Sqlx(::sqlx::migrate::Migrator, PgConnection),
    Refinery(refinery::Refinery),
    SqlxMigrator(u64, PgConnection),
    SeaOrm(sea_orm::SeaOrm),
    #[cfg(feature = "diesel")]
    Diesel(diesel::Diesel),
}

impl Session {
    pub(crate) async fn open(subject: Subject, url: &str, count: u64) -> Result<Self> {
        Ok(match subject {
            Subject::Kumiko => Self::Kumiko(kumiko::Kumiko::open(url, count).await?),
            Subject::Sqlx => Self::Sqlx(sqlx::migrator(count), PgConnection::connect(url).await?),
            Subject::Refinery => Self::Refinery(refinery::Refinery::open(url, count).await?),
            Subject::SqlxMigrator => Self::SqlxMigrator(count, PgConnection::connect(url).await?),
            Subject::SeaOrm => Self::SeaOrm(sea_orm::SeaOrm::open(url, count).await?),
            #[cfg(feature = "diesel")]
            Subject::Diesel => Self::Diesel(diesel::Diesel::open(url, count)?),
        })
    }

    /// Applies what is pending.
    pub(crate) async fn apply(&mut self) -> Result {
        match self {
            Self::Kumiko(kumiko) => kumiko.apply().await,
            Self::Sqlx(migrator, connection) => Ok(migrator.run(connection).await?),
            Self::Refinery(refinery) => refinery.apply().await,
            Self::SqlxMigrator(count, connection) => sqlx_migrator::apply(*count, connection).await,
            Self::SeaOrm(sea_orm) => sea_orm.apply().await,
            #[cfg(feature = "diesel")]
            Self::Diesel(diesel) => diesel.apply(),
        }
    }

    /// Ends the connection before it returns, as far as the library lets it.
    pub(crate) async fn close(self) -> Result {
        match self {
            Self::Kumiko(kumiko) => kumiko.pool.close().await,
            Self::Sqlx(_, connection) | Self::SqlxMigrator(_, connection) => {
                connection.close().await?;
            }
            Self::SeaOrm(sea_orm) => sea_orm.connection.close().await?,
            Self::Refinery(_) => {}
            #[cfg(feature = "diesel")]
            Self::Diesel(_) => {}
        }
        Ok(())
    }
}

/// A pool that is connected.
async fn pool(url: &str) -> Result<PgPool> {
    let options = PoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false);
    Ok(options.connect(url).await?)
}
