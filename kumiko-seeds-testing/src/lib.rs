//! Testing seeds: a database of its own for each test, what is there before the seed, the seed, and what it has changed.
//!
//! `cargo kumiko-ops seed:new "Fix admin roles" --test` writes such a test. It fails until the seed is written.
//!
//! `tests/2026_05_20_rename_acme.rs`:
//!
//! ```
//! # #[cfg(not(all(feature = "sqlite", feature = "events")))]
//! # fn main() {}
//! # #[cfg(all(feature = "sqlite", feature = "events"))]
//! # fn main() { example::it_renames_the_tenant().unwrap(); }
//! # #[cfg(all(feature = "sqlite", feature = "events"))]
//! # mod example {
//! # mod tokio { pub use ::tokio::main as test; pub use ::tokio::runtime; }
//! # mod my_app {
//! #     use kumiko_seeds::events::{Access, HandlerResult, NewEvent, SYSTEM_ROLE};
//! #     use kumiko_seeds::sqlite::{Handlers, Seed, SeedContext, SeedResult, SeedRunner, WriteContext};
//! #     use serde_json::Value;
//! #     use sqlx::Executor;
//! #     async fn rename(mut write: WriteContext<'_>, command: Value) -> HandlerResult {
//! #         let stream = write.stream("tenant", command["id"].as_str().unwrap_or_default().parse()?);
//! #         let version = write.stream_version(&stream).await?;
//! #         write.append(&stream, version, [NewEvent::new("tenant-renamed", &command)]).await?;
//! #         let sql = sqlx::query("UPDATE tenants SET name = $1").bind(command["name"].as_str());
//! #         sql.execute(write.connection().await?).await?;
//! #         Ok(())
//! #     }
//! #     async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
//! #         let sql = "SELECT id FROM tenants WHERE name = 'Acme'";
//! #         let ids: Vec<String> = sqlx::query_scalar(sql).fetch_all(ctx.db().await?).await?;
//! #         for id in ids {
//! #             let command = serde_json::json!({ "id": id, "name": "Acme Ltd" });
//! #             ctx.system_write_as("tenant:write:rename", command).await?;
//! #         }
//! #         Ok(())
//! #     }
//! #     static SEEDS: &[Seed] = &[Seed {
//! #         file: file!(), source_hash: "0",
//! #         ..Seed::by_hand("2026-05-20-rename-acme", "", kumiko_seeds::SeedCode::Run(|ctx| Box::pin(run(ctx))))
//! #     }];
//! #     pub fn seeds() -> SeedRunner {
//! #         let handlers = Handlers::new();
//! #         let handlers = handlers.register("tenant:write:rename", Access::roles([SYSTEM_ROLE]), rename);
//! #         SeedRunner::new(SEEDS).handlers(handlers).prepare(|connection| Box::pin(async move {
//! #             kumiko_seeds::sqlite::create_event_tables(connection).await?;
//! #             connection.execute("CREATE TABLE IF NOT EXISTS tenants (id text, name text)").await?;
//! #             Ok(())
//! #         }))
//! #     }
//! # }
//! use kumiko_seeds::events::{NewEvent, SYSTEM_TENANT_ID, Stream};
//! use kumiko_seeds_testing::sqlite::TestDatabase;
//! use kumiko_seeds_testing::{ExpectedEvent, TestResult, json};
//!
//! const SEED: &str = "2026-05-20-rename-acme";
//! const ACME: &str = "0198f0a1-0000-7000-8000-000000000001";
//!
//! #[tokio::test]
//! # pub
//! async fn it_renames_the_tenant() -> TestResult {
//!     let database = TestDatabase::new(my_app::seeds()).await?;
//!
//!     // What the seed finds.
//!     database.given_seeds_before(SEED).await?;
//!     let acme = Stream {
//!         tenant_id: SYSTEM_TENANT_ID,
//!         aggregate_type: "tenant".into(),
//!         aggregate_id: ACME.parse()?,
//!     };
//!     let created = NewEvent::new("tenant-created", json!({ "id": ACME, "name": "Acme" }));
//!     database.given_events(&acme, [created]).await?;
//!     database.execute(&format!("INSERT INTO tenants VALUES ('{ACME}', 'Acme')")).await?;
//!
//!     // The seed, and the events that it appends.
//!     let applied = database.apply(SEED).await?;
//!     let renamed = json!({ "id": ACME, "name": "Acme Ltd" });
//!     applied.check_events([ExpectedEvent::new(&acme, "tenant-renamed", renamed)])?;
//!
//!     // What the app reads then, and that there is nothing left to change.
//!     database.check_rows("SELECT name FROM tenants", json!([{ "name": "Acme Ltd" }])).await?;
//!     database.check_second_run(SEED).await?;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! On PostgreSQL write `postgres` for `sqlite`.
//!
//! # What the test needs
//!
//! The seeds of the app as its binaries have them: a library whose `seeds()` gives the `SeedRunner`. And in `Cargo.toml`, beside
//! what the app has:
//!
//! ```toml
//! [dev-dependencies]
//! kumiko-seeds-testing = { version = "0.1", features = ["sqlite"] }
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
//!
//! `seed:new --test` says what of it is missing, in lines to paste.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `postgres` | | tests on PostgreSQL |
//! | `sqlite` | | tests on SQLite |
//! | `events` | yes | events that are given, and events that are expected; an app without an event store leaves it out |
//!
//! # What is there before
//!
//! A new [`TestDatabase`] has what the app prepares before its first seed: tables, or migrations. The rest the test says.
//!
//! - [`TestDatabase::given_seeds_before`] applies the seeds before the one that is tested.
//! - The app's own write handlers make events and read models at once:
//!
//!   ```
//!   # #[cfg(all(feature = "sqlite", feature = "events"))]
//!   # mod example {
//!   # mod my_app { pub fn handlers() -> kumiko_seeds::sqlite::Handlers { kumiko_seeds::sqlite::Handlers::new() } }
//!   # use kumiko_seeds_testing::{TestResult, json, sqlite::TestDatabase};
//!   # use kumiko_seeds::events::User;
//!   # async fn example(database: TestDatabase) -> TestResult {
//!   let handlers = my_app::handlers();
//!   let acme = json!({ "name": "Acme" });
//!   handlers.write_as(User::system(), "tenant:write:create", acme).commit(database.pool()).await?;
//!   # Ok(())
//!   # }
//!   # }
//!   ```
//!
//! - [`TestDatabase::given_events`] appends events. Read models do not follow, because it is handlers that update them.
//! - [`TestDatabase::execute`] runs SQL, and [`TestDatabase::pool`] is the pool of sqlx for all else.
//!
//! # The seed
//!
//! [`TestDatabase::apply`] applies one seed and no other, as a boot does: with its lock, its transaction and its marker. If the
//! seed fails, nothing of it is left, and the error has all causes.
//!
//! # What it has changed
//!
//! - [`AppliedSeed::check_events`] compares the events that it has appended, with streams and their tenants, and in order.
//!   [`AppliedSeed::events`] has them with all that is stored.
//! - [`TestDatabase::check_rows`] compares the rows of a query with JSON.
//! - [`TestDatabase::check_second_run`] runs the seed once more without its marker, and compares all that is in the database.
//!   A boot does not do so. But a marker can get lost, and whoever repairs a database by hand wants to know.
//!
//! Each of them is an error that has both sides, a line each, `-` for what was expected and `+` for what is there. A test
//! that returns [`TestResult`] ends there, and says in which line. A seed that has to refuse is a test, too:
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # async fn example(database: kumiko_seeds_testing::sqlite::TestDatabase) {
//! let error = database.apply("2026-05-20-rename-acme").await.unwrap_err();
//! assert!(format!("{error:?}").contains("there is no tenant Acme"));
//! # }
//! ```
//!
//! # Where the database is
//!
//! Each [`TestDatabase`] is a database of its own, whatever runs at the same time. It goes when the test has passed. When the
//! test fails it stays for a look: the output of the test says where it is, and the next run of that test removes it.
//!
//! - **SQLite**: a file below `target/tmp`.
//! - **PostgreSQL**: on the server that `TEST_DATABASE_URL` names, whose role may create databases. Where it names none, a
//!   server of the programs that are installed is started, once for all tests of a test binary, and goes with it. Then nothing
//!   stays for a look.
//!
//! # Throwaway servers
//!
//! Without a feature this crate is what it starts servers with, on Unix, and depends on nothing: for tests that crash, stop
//! or restart servers, and so need some of their own.
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn example() -> Result<(), kumiko_seeds_testing::Failure> {
//! use kumiko_seeds_testing::{Cluster, Ending, PgBouncer, PoolMode};
//!
//! let mut server = Cluster::start()?;
//! let pooler = PgBouncer::start(&server.url(), PoolMode::Transaction)?;
//! let url = pooler.url(&server.url());
//! // … connect to `url` …
//! server.end(Ending::Crash)?;
//! server.start_again()?;
//! # Ok(())
//! # }
//! ```
//!
//! The servers are those that are installed on the machine. Nothing is installed or changed on it: where a program is
//! missing, the [`Failure`] says how to get it. A server has a free port, a random password and a temporary folder of its
//! own, and all of it goes with the program that started it, however that ends.
//!
//! `guarded` runs other commands that end with the program, and [`cargo`](cargo()) is Cargo as a person would start it.

mod cargo;
mod failure;
#[cfg(unix)]
pub mod guarded;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod kit;
#[cfg(unix)]
mod servers;

pub use cargo::{cargo, without_package};
pub use failure::Failure;
#[cfg(unix)]
pub use servers::{
    Cluster, Ending, PgBouncer, PoolMode, Programs, is_in_path, is_root, may_be_entered,
};

#[cfg(all(feature = "events", any(feature = "postgres", feature = "sqlite")))]
pub use kit::ExpectedEvent;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use kit::{AppliedSeed, Engine, Error, TestDatabase, TestFailure, TestResult};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[doc(no_inline)]
pub use serde_json::json;

/// Tests of seeds on PostgreSQL.
#[cfg(feature = "postgres")]
pub mod postgres {
    /// A PostgreSQL database of a test's own.
    pub type TestDatabase = crate::TestDatabase<sqlx::Postgres>;
}

/// Tests of seeds on SQLite.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    /// A SQLite file of a test's own.
    pub type TestDatabase = crate::TestDatabase<sqlx::Sqlite>;
}

/// The variable through which tests find the server that they share.
pub const URL_VARIABLE: &str = "KUMIKO_TEST_POSTGRES_URL";
