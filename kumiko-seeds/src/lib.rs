//! Seeds: changes to the data of an event-sourced app, compiled in and made once per database through
//! the app's own write handlers.
//!
//! A role was misnamed, a tenant lacks a default that came later. An SQL migration would go past the
//! event store, and an insert-if-missing seeder skips the rows that exist. A seed is a dated Rust file
//! that makes such a change with the app's own code; the app applies what is pending as it boots, in one
//! replica or in fifty, and a row in the database says that it is done.
//!
//! # A seed
//!
//! `seeds/2026-05-20-grant-tenant-admin.rs`:
//!
//! ```
//! # #[cfg(all(feature = "sqlite", feature = "events"))]
//! # mod seed {
//! use kumiko_seeds::json;
//! use kumiko_seeds::sqlite::{SeedContext, SeedResult};
//!
//! pub const DESCRIPTION: &str = "Grant TenantAdmin to the first admin wherever it lacks it";
//!
//! pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
//!     let Some(admin) = ctx.find_user_by_email("admin@example.com").await? else {
//!         return Err("there is no user admin@example.com".into());
//!     };
//!     for membership in ctx.find_memberships_of_user(&admin.id).await? {
//!         let mut roles = membership.roles;
//!         if !roles.iter().any(|role| role == "TenantAdmin") {
//!             roles.push("TenantAdmin".into());
//!             ctx.system_write_as(
//!                 "tenant:write:update-member-roles",
//!                 json!({ "id": membership.id, "roles": roles }),
//!             )
//!             .in_tenant(membership.stream_tenant_id)
//!             .with_roles(["TenantAdmin"])
//!             .await?;
//!         }
//!     }
//!     Ok(())
//! }
//! # }
//! ```
//!
//! # Compiling seeds in and applying them
//!
//! One line in `build.rs`, with `kumiko-seeds-build` as a build dependency, turns the folder into an
//! array; one macro brings that in; one call applies it:
//!
//! ```ignore
//! // build.rs
//! fn main() {
//!     kumiko_seeds_build::compile("seeds");
//! }
//!
//! // src/main.rs
//! kumiko_seeds::sqlite::include_seeds!();
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let pool = sqlx::SqlitePool::connect("sqlite:app.db?mode=rwc").await?;
//!     let report = kumiko_seeds::sqlite::SeedRunner::new(SEEDS)
//!         .handlers(handlers())
//!         .apply(&pool)
//!         .await?;
//!     // ... serve ...
//! }
//! ```
//!
//! `handlers()` are the app's own write handlers. On PostgreSQL write `postgres` for
//! `sqlite`; nothing else changes.
//!
//! The module `guides` shows how an app that has handlers, or an event table of its own, takes seeds in.
//!
//! # How seeds run
//!
//! [`SeedRunner::apply`] reads which seeds are applied: one statement, no lock. If none is pending, that
//! was all. Otherwise it checks that the handlers which the pending seeds name can be called, and then
//! gives each seed one transaction:
//!
//! 1. take the lock, one for the whole database; if another process has it, wait and say for whom, in a
//!    `tracing` event and to [`SeedRunner::observe`], or once on stderr where nobody listens to either;
//! 2. look again whether the seed is applied;
//! 3. run the seed: its handlers append events and update projections in this transaction;
//! 4. write the marker and commit.
//!
//! A seed of [many steps](#many-steps) gets one for each step. Seeds that say `BACKGROUND`, and those that wait for one of
//! them, are left to [`SeedRunner::work`]; [`Report::left_to_background`] has them.
//!
//! Seeds that are for some environments alone run in those: [`SeedRunner::environment`]; [`Report::not_here`] has the others.
//!
//! The first failure stops the run, and [`ApplyError`] says what was applied before it.
//!
//! Where each tenant has a schema or a database, [`SeedRunner::apply_each`] does this in all of them: a canary first, and what
//! fails in one concerns no other.
//!
//! # What is guaranteed
//!
//! - A seed's events, projections and marker commit together or not at all, whatever ends the process.
//! - Of a seed of many steps, the events, projections and cursor of each step do so, and the marker commits with the last.
//! - A seed is applied once per database, however many processes try.
//! - Seeds run one at a time and in byte order of their ids, but for those in the background.
//! - If the connection is lost while a seed is being committed, the run finds out on another one what became
//!   of it.
//! - Writes pass the same gates as a user's, as the system user; a failed write fails the seed, even if the
//!   seed swallows the error.
//! - What is said to be rolled back is rolled back. A seed that ends its own transaction is noticed.
//! - What a seed does to its session, a `SET ROLE` for example, reaches neither the next seed nor the app.
//!
//! It is not guaranteed that what a seed does outside the transaction happens once: an e-mail sent from a
//! seed that fails later is sent again by the retry. Nor can PostgreSQL keep a seed or a handler from
//! committing on its own; the run notices, fails, and says what is left. SQLite refuses the commit.
//!
//! # What is tried again
//!
//! A deadlock with the app, a version conflict with a write of the app's, a serialization failure, a SQLite file that is busy
//! for too long: the seed is
//! undone and tried again, at most three times, after a tenth of a second, then four tenths, then one and
//! six tenths. Of a seed of many steps it is the step, with half the items; after a timeout of the
//! database's as often as they can be halved. [`Applied::retries`] and [`Progress::Retrying`] tell. The library knows such a failure by the
//! driver's error, so a seed that turns errors into texts of its own is not tried again.
//!
//! # Many writes
//!
//! A write takes a round trip to the database. A seed that makes thousands hands them to
//! `SeedContext::system_batch`, which calls the handler for each and sends the events a thousand at a time:
//!
//! ```
//! # #[cfg(all(feature = "sqlite", feature = "events"))]
//! # mod seed {
//! # use kumiko_seeds::json;
//! # use kumiko_seeds::sqlite::{SeedContext, SeedResult};
//! pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
//!     let tenants = ctx.find_tenants().await?;
//!     let tiers = tenants.iter().map(|tenant| json!({ "id": tenant.id, "tier": "basic" }));
//!     ctx.system_batch("tenant:write:set-tier", tiers).await?;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! # Many steps
//!
//! What a seed has written is locked until its transaction commits, and the boot waits for it. For a change that is too large
//! for that, the file has `batch` in place of `run`. Each call is a step, which is a transaction of its own, for up to
//! `limit` items after the cursor that the step before has given. A step without a cursor is the last. `count` is optional.
//!
//! ```
//! # #[cfg(all(feature = "sqlite", feature = "events"))]
//! # mod seed {
//! use kumiko_seeds::json;
//! use kumiko_seeds::sqlite::{Batch, BatchResult, CountResult, SeedContext};
//!
//! pub const DESCRIPTION: &str = "Give the role Member to each member who has none";
//! pub const BACKGROUND: bool = true;
//!
//! pub type Cursor = i64;
//!
//! pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {
//!     let sql = "SELECT count(*) FROM members WHERE role IS NULL";
//!     let members: i64 = sqlx::query_scalar(sql).fetch_one(ctx.db().await?).await?;
//!     Ok(members.unsigned_abs())
//! }
//!
//! pub async fn batch(
//!     ctx: &mut SeedContext<'_>,
//!     after: Option<Cursor>,
//!     limit: u32,
//! ) -> BatchResult<Cursor> {
//!     let sql = "SELECT id FROM members WHERE role IS NULL AND id > $1 ORDER BY id LIMIT $2";
//!     let members: Vec<i64> = sqlx::query_scalar(sql)
//!         .bind(after.unwrap_or_default())
//!         .bind(i64::from(limit))
//!         .fetch_all(ctx.db().await?)
//!         .await?;
//!     let roles = members.iter().map(|id| json!({ "id": id, "role": "Member" }));
//!     ctx.system_batch("member:write:set-role", roles).await?;
//!     Ok(Batch::new(members.last().copied(), members.len()))
//! }
//! # }
//! ```
//!
//! The cursor is any type of serde's. It should be a key and no secret: it stands in the text of statements, and commands
//! show it.
//!
//! `BACKGROUND` leaves the seed out of the boot, and the app does it as it serves, with [`SeedRunner::work_until`]. Any number of
//! processes may do so at once; whoever gets the lock of the seed's steps does the next, so that one that dies is replaced
//! at once. `AFTER: &[&str]` has the ids of the seeds that one waits for.
//!
//! - **Size**: a step asks for as many items as take [`SeedRunner::step_time`], within [`SeedRunner::step_size`].
//! - **Pace**: [`SeedRunner::pace`] leaves a part of the time to others, or holds steps back.
//! - **Steering**: [`Ledger::steer`] pauses, resumes and cancels, from any process.
//! - **Failure**: a seed that fails in the background stops there, and [`Steering::Retry`] lets it go on. One that fails in
//!   its place in the order fails the boot, and the next boot tries again.
//! - **Another source**: a release in which the seed was edited after its first step is refused with
//!   [`Error::OtherSourceUnderWay`] (an edit of comments or layout is none), until [`Steering::Continue`] or [`Steering::Restart`] says what is meant. Processes
//!   with the source under way go on.
//!
//! # Sessions
//!
//! A seed that asked for the connection itself, with [`SeedContext::db`] or [`SeedContext::unmanaged_db`], may have
//! left anything in its session: a role, a lock, a setting. The session is brought back before the next seed, as it is
//! after `SeedRunner::prepare`, and the app's pool does not get that connection again.
//!
//! On PostgreSQL that is done in SQL, at no round trip. Two things cannot be undone so, and then the next seed gets
//! another connection: a statement that was prepared in SQL, and settings of the pool's own `after_connect`, of which
//! PostgreSQL does not list those that nobody has declared. A pool whose `after_connect` makes no other settings than
//! undeclared ones is not noticed: a seed that comes after one with SQL of its own does not see them. On SQLite the next
//! seed always gets another connection, unless the database is in memory.
//!
//! # Poolers
//!
//! The lock and all else belong to one transaction, so seeds work behind PgBouncer in transaction mode. A run keeps
//! one server connection from seed to seed, because the next transaction begins with the commit of the one before.
//!
//! The lock and the markers are literal messages, which a run prepares in SQL for its second seed and those after it, and
//! takes away before it gives the connection back. What handlers write is bound to prepared statements, which the
//! pool's connections keep as they keep those of the app's own queries. PgBouncer keeps them, too, from 1.21 on
//! (`max_prepared_statements`). Behind a pooler that does not, [`SeedRunner::unnamed_statements`] does without names,
//! as `.persistent(false)` does for each query of the app's own. The ops binary does so in any case.
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `postgres` | | seeds on PostgreSQL |
//! | `sqlite` | | seeds on SQLite, compiled in |
//! | `events` | yes | handlers, event store and lookups: the module `events` |
//! | `migrate` | | `SeedRunner::migrations`: schema migrations of sqlx before the first pending seed |
//!
//! Without `events` an app that has no event store writes its Rust data migrations on
//! [`SeedContext::unmanaged_db`] and keeps everything else.
//!
//! # TLS
//!
//! Whether sqlx speaks TLS is decided by its features in the app's `Cargo.toml`, for the app and for the
//! ops binary alike, which is of the same package. The features of this crate turn none of them on:
//!
//! ```toml
//! sqlx = { version = "0.9", default-features = false, features = ["tls-rustls-ring-native-roots"] }
//! ```
//!
//! # The tables
//!
//! ```sql
//! CREATE TABLE kumiko_es_operations (
//!     id text PRIMARY KEY,
//!     operation_type text NOT NULL,          -- 'seed-migration' for seeds
//!     applied_at timestamptz NOT NULL DEFAULT now(),
//!     duration_ms integer NOT NULL,
//!     applied_by text NOT NULL,              -- 'boot', 'cli' or 'ci-pipeline'
//!     notes text                             -- the seed's description
//! )
//! ```
//!
//! It is created under the lock when the first seed is applied. How far seeds of many steps are, until they are applied, is in a
//! second one, which is created when the first of them begins:
//!
//! ```sql
//! CREATE TABLE kumiko_es_progress (
//!     id text PRIMARY KEY,                   -- as in kumiko_es_operations
//!     operation_type text NOT NULL,          -- 'seed-migration' for seeds
//!     state text NOT NULL,                   -- 'running', 'paused', 'failed' or 'cancelled'
//!     source_hash text,                      -- of the source with which it began, or was told to go on
//!     "cursor" text,                         -- where the next step begins, as JSON
//!     done bigint NOT NULL,                  -- items
//!     total bigint,                          -- items in all, when it began, if the seed counts them
//!     events bigint NOT NULL,                -- how many the steps have appended
//!     steps bigint NOT NULL,                 -- how many are committed
//!     step_size integer NOT NULL,            -- how many items the next step asks for
//!     failures integer NOT NULL,             -- how many steps have failed in a row
//!     error text,                            -- why it failed
//!     throttled text,                        -- why no step runs, if one is held back
//!     worker text,                           -- who did the last step
//!     started_at timestamptz NOT NULL,
//!     updated_at timestamptz NOT NULL,       -- when the last step was committed, or the state changed
//!     worked_ms bigint NOT NULL              -- how long the steps took in all
//! )
//! ```

mod app;
mod app_values;
mod applied;
mod apply_error;
mod backend;
mod background;
mod batch;
mod by_hand;
mod causes;
mod context;
mod database;
mod environment;
mod error;
#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "events")]
pub mod guides;
mod hashes;
mod history;
mod holder;
#[cfg(debug_assertions)]
mod instances;
mod journal;
mod ledger;
mod marker;
mod observer;
mod operation_type;
mod pace;
mod plan;
mod progress;
mod remedy;
mod report;
mod runner;
mod seed;
mod seed_progress;
mod selection;
mod skip_flags;
mod statements;
mod status;
mod steering;
mod stream_diff;
mod targets;
mod under_lock;
mod unit_of_work;
mod work_report;

pub use app::App;
pub use app_values::AppValues;
pub use apply_error::ApplyError;
pub use backend::Backend;
pub use batch::{Batch, BatchResult, CountResult, read_cursor};
pub use by_hand::Ledger;
pub use causes::error_chain;
pub use context::{Parts, SeedContext};
pub use environment::Environment;
pub use error::{Error, PreflightProblem, Remains, SeedPlace};
pub use history::{History, Intervention, InterventionKind};
pub use holder::Holder;
pub use journal::Journal;
pub use marker::{AppliedBy, Marker};
pub use pace::Pace;
pub use progress::Progress;
pub use report::{
    AppendedEvent, Applied, DryRun, DryRunSeed, Estimate, MadeOf, Report, Skipped, Warning,
};
pub use runner::{SeedRunner, WhenPaused};
pub use seed::{CountItems, HandlerCall, RunBatch, RunSeed, Seed, SeedCode, SeedInfo, SeedResult};
pub use seed_progress::{ProgressState, SeedProgress};
pub use selection::Selection;
pub use skip_flags::SkipFlags;
pub use status::{SeedStatus, State, Status};
pub use steering::Steering;
pub use stream_diff::{DryRunMigration, EventChange, Side, StreamDiff, StreamName};
pub use targets::{OpenTarget, Target, TargetOutcome, TargetWork, Targets};
pub use under_lock::{IsNew, OnFailure};
pub use unit_of_work::{Conflict, UnitOfWork, WorkError};
pub use work_report::{FailedSeed, WorkReport};

/// Seeds on PostgreSQL: the types of this crate with their database filled in.
#[cfg(feature = "postgres")]
pub mod postgres {
    crate::database::database_aliases!(sqlx::Postgres);
    #[doc(inline)]
    pub use crate::__include_postgres_seeds as include_seeds;
}

/// Seeds on SQLite: the types of this crate with their database filled in.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    crate::database::database_aliases!(sqlx::Sqlite);
    #[doc(inline)]
    pub use crate::__include_sqlite_seeds as include_seeds;
}

/// What the functions of a trait return that are `async` and can be called without knowing their type.
#[doc(no_inline)]
pub use futures_util::future::BoxFuture;
#[doc(hidden)]
pub use kumiko_seeds_macros::{seed_folder as __seed_folder, seed_module as __seed_module};
#[cfg(feature = "events")]
#[doc(no_inline)]
pub use serde_json::json;
#[doc(hidden)]
pub use sqlx as __sqlx;
