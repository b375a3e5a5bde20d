//! postgres-es and sqlite-es as published, each with the tables of its own documentation.

use cqrs_es::persist::{PersistedEventRepository, ViewRepository};
use kumiko_seeds_cqrs_es::CqrsDatabase;
use kumiko_tests::database::{Engine, TestDatabase};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use sqlite_es::{SqliteEventRepository, SqliteViewRepository};
use sqlx::{Postgres, Sqlite};

use crate::account::{Account, AccountView};

/// A database with the store that is published for it.
pub trait Store: Engine + CqrsDatabase {
    /// Creates the tables, as the store's own script does: `EVENTS`, `SNAPSHOTS` and `VIEW` are names.
    const SCHEMA: &'static str;
    /// Its events.
    type Events: PersistedEventRepository + 'static;
    /// Its views.
    type Views: ViewRepository<AccountView, Account> + 'static;

    /// A pool of the store's own, events in these tables, and views in `account_view`.
    fn open(
        url: &str,
        tables: Option<(&str, &str)>,
    ) -> impl Future<Output = (Self::Events, Self::Views)> + Send;
}

/// A database with the app's tables.
pub async fn database<DB: Store>() -> TestDatabase<DB> {
    let database = DB::create().await;
    create_tables(&database, "events", "snapshots").await;
    database
}

/// Creates the app's tables.
pub async fn create_tables<DB: Store>(database: &TestDatabase<DB>, events: &str, snapshots: &str) {
    let schema = DB::SCHEMA.replace("EVENTS", events);
    let schema = schema.replace("SNAPSHOTS", snapshots);
    database.execute(&schema).await;
}

impl Store for Postgres {
    const SCHEMA: &'static str = "
        CREATE TABLE EVENTS (
            aggregate_type text                         NOT NULL,
            aggregate_id   text                         NOT NULL,
            sequence       bigint CHECK (sequence >= 0) NOT NULL,
            event_type     text                         NOT NULL,
            event_version  text                         NOT NULL,
            payload        json                         NOT NULL,
            metadata       json                         NOT NULL,
            PRIMARY KEY (aggregate_type, aggregate_id, sequence)
        );
        CREATE TABLE SNAPSHOTS (
            aggregate_type   text                                 NOT NULL,
            aggregate_id     text                                 NOT NULL,
            last_sequence    bigint CHECK (last_sequence >= 0)    NOT NULL,
            current_snapshot bigint CHECK (current_snapshot >= 0) NOT NULL,
            payload          json                                 NOT NULL,
            PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
        );
        CREATE TABLE IF NOT EXISTS account_view (
            view_id text                        NOT NULL,
            version bigint CHECK (version >= 0) NOT NULL,
            payload json                        NOT NULL,
            PRIMARY KEY (view_id)
        )";
    type Events = PostgresEventRepository;
    type Views = PostgresViewRepository<AccountView, Account>;

    async fn open(url: &str, tables: Option<(&str, &str)>) -> (Self::Events, Self::Views) {
        let pool = postgres_es::default_postgress_pool(url).await;
        let views = PostgresViewRepository::new("account_view", pool.clone());
        let repository = PostgresEventRepository::new(pool);
        let events = match tables {
            None => repository,
            Some((events, snapshots)) => repository.with_tables(events, snapshots),
        };
        (events, views)
    }
}

impl Store for Sqlite {
    const SCHEMA: &'static str = "
        CREATE TABLE EVENTS (
            aggregate_type text                          NOT NULL,
            aggregate_id   text                          NOT NULL,
            sequence       integer CHECK (sequence >= 0) NOT NULL,
            event_type     text                          NOT NULL,
            event_version  text                          NOT NULL,
            payload        text                          NOT NULL,
            metadata       text                          NOT NULL,
            PRIMARY KEY (aggregate_type, aggregate_id, sequence)
        ) STRICT;
        CREATE TABLE SNAPSHOTS (
            aggregate_type   text                                  NOT NULL,
            aggregate_id     text                                  NOT NULL,
            last_sequence    integer CHECK (last_sequence >= 0)    NOT NULL,
            current_snapshot integer CHECK (current_snapshot >= 0) NOT NULL,
            payload          text                                  NOT NULL,
            PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
        ) STRICT;
        CREATE TABLE IF NOT EXISTS account_view (
            view_id text                         NOT NULL,
            version integer CHECK (version >= 0) NOT NULL,
            payload text                         NOT NULL,
            PRIMARY KEY (view_id)
        ) STRICT";
    type Events = SqliteEventRepository;
    type Views = SqliteViewRepository<AccountView, Account>;

    async fn open(url: &str, tables: Option<(&str, &str)>) -> (Self::Events, Self::Views) {
        let pool = sqlite_es::default_sqlite_pool(url).await;
        let views = SqliteViewRepository::new("account_view", pool.clone());
        let repository = SqliteEventRepository::new(pool);
        let events = match tables {
            None => repository,
            Some((events, snapshots)) => repository.with_tables(events, snapshots),
        };
        (events, views)
    }
}
