//! Seeds for an app on [`cqrs-es`](https://docs.rs/cqrs-es) 0.5: a seed executes the app's own commands, in the tables of
//! `postgres-es` or `sqlite-es`.
//!
//! All of it happens in the seed's own transaction: the aggregate is loaded, the command is handled, events and views are
//! written, then the marker, then one commit. `Aggregate`, `DomainEvent`, `View` and `EventUpcaster` are the app's own
//! types, unchanged, and people's requests go through the app's `CqrsFramework` as before.
//!
//! Read [`kumiko_seeds`] first: what a seed is, and how it is applied.
//!
//! # With cqrs-es
//!
//! Beside what every app with seeds has, this one needs in its `Cargo.toml`, with `sqlite` or `postgres`:
//!
//! ```toml
//! kumiko-seeds = { path = "../kumiko/kumiko-seeds", default-features = false, features = ["sqlite"] }
//! kumiko-seeds-cqrs-es = { path = "../kumiko/kumiko-seeds-cqrs-es", features = ["sqlite"] }
//! ```
//!
//! An app says to its `CqrsFramework` what the services are, which views there are and in which tables, and which upcasters.
//! It says the same to its seeds, once for each type of aggregate, in the function that makes its runner:
//!
//! ```
//! # mod account {
//! #     use cqrs_es::event_sink::EventSink;
//! #     use serde::{Deserialize, Serialize};
//! #     #[derive(Default, Serialize, Deserialize)]
//! #     pub struct Account;
//! #     #[derive(Clone, Default)]
//! #     pub struct Bank;
//! #     pub enum AccountCommand { Deposit { amount: i64 } }
//! #     #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! #     pub enum AccountEvent { Deposited { amount: i64 } }
//! #     impl cqrs_es::DomainEvent for AccountEvent {
//! #         fn event_type(&self) -> String { "deposited".into() }
//! #         fn event_version(&self) -> String { "1.0".into() }
//! #     }
//! #     impl cqrs_es::Aggregate for Account {
//! #         const TYPE: &'static str = "account";
//! #         type Command = AccountCommand;
//! #         type Event = AccountEvent;
//! #         type Error = std::io::Error;
//! #         type Services = Bank;
//! #         async fn handle(&mut self, _: AccountCommand, _: &Bank, _: &EventSink<Self>) -> std::io::Result<()> {
//! #             Ok(())
//! #         }
//! #         fn apply(&mut self, _: AccountEvent) {}
//! #     }
//! #     #[derive(Debug, Default, Serialize, Deserialize)]
//! #     pub struct AccountView;
//! #     impl cqrs_es::View<Account> for AccountView {
//! #         fn update(&mut self, _: &cqrs_es::EventEnvelope<Account>) {}
//! #     }
//! # }
//! # #[cfg(feature = "sqlite")]
//! # mod seeds {
//! # use super::account::{Account, AccountView, Bank};
//! # static SEEDS: &[kumiko_seeds::sqlite::Seed] = &[];
//! use kumiko_seeds::sqlite::SeedRunner;
//! use kumiko_seeds_cqrs_es::Commands;
//!
//! pub fn seeds(bank: Bank) -> SeedRunner {
//!     let accounts = Commands::<Account>::on_event_store(bank)
//!         .view::<AccountView>("account_view");
//!     SeedRunner::new(SEEDS).with(accounts)
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! A seed, `seeds/2026-05-20-welcome-gift.rs`:
//!
//! ```
//! # mod account {
//! #     use cqrs_es::event_sink::EventSink;
//! #     use serde::{Deserialize, Serialize};
//! #     #[derive(Default, Serialize, Deserialize)]
//! #     pub struct Account;
//! #     #[derive(Clone, Default)]
//! #     pub struct Bank;
//! #     pub enum AccountCommand { Deposit { amount: i64 } }
//! #     #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! #     pub enum AccountEvent { Deposited { amount: i64 } }
//! #     impl cqrs_es::DomainEvent for AccountEvent {
//! #         fn event_type(&self) -> String { "deposited".into() }
//! #         fn event_version(&self) -> String { "1.0".into() }
//! #     }
//! #     impl cqrs_es::Aggregate for Account {
//! #         const TYPE: &'static str = "account";
//! #         type Command = AccountCommand;
//! #         type Event = AccountEvent;
//! #         type Error = std::io::Error;
//! #         type Services = Bank;
//! #         async fn handle(&mut self, _: AccountCommand, _: &Bank, _: &EventSink<Self>) -> std::io::Result<()> {
//! #             Ok(())
//! #         }
//! #         fn apply(&mut self, _: AccountEvent) {}
//! #     }
//! #     #[derive(Debug, Default, Serialize, Deserialize)]
//! #     pub struct AccountView;
//! #     impl cqrs_es::View<Account> for AccountView {
//! #         fn update(&mut self, _: &cqrs_es::EventEnvelope<Account>) {}
//! #     }
//! # }
//! # #[cfg(feature = "sqlite")]
//! # mod seed {
//! # use super::account::{Account, AccountCommand};
//! use kumiko_seeds::sqlite::{SeedContext, SeedResult};
//! use kumiko_seeds_cqrs_es::ExecuteCommands;
//!
//! pub const DESCRIPTION: &str = "Seven euros for the first account";
//!
//! pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
//!     ctx.execute::<Account>("a1", AccountCommand::Deposit { amount: 7 })
//!         .metadata([("who", "a seed")])
//!         .await?;
//!     Ok(())
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! Which aggregates there are, a seed reads on [`SeedContext::db`](kumiko_seeds::SeedContext::db), from a view's table or
//! from `events`. At boot the app applies its seeds on a pool of sqlx 0.9, closes that, and serves on the pool of its store:
//!
//! ```ignore
//! let pool = sqlx::SqlitePool::connect(&url).await?;
//! my_app::seeds(bank.clone()).apply(&pool).await?;
//! pool.close().await;
//! let accounts = sqlite_cqrs(default_sqlite_pool(&url).await, queries, bank);
//! ```
//!
//! The tables of events and views are the app's to create, as before: in its migrations, or in
//! [`SeedRunner::prepare`](kumiko_seeds::SeedRunner::prepare).
//!
//! # What happens on failure
//!
//! - A command that the aggregate refuses, a conflict, a view that cannot be read: `execute` gives an [`ExecuteError`], and
//!   the seed is rolled back with all its events and views, even if it swallows the error. So it is if it drops a command
//!   without awaiting it. After a failure no further command of the seed is executed.
//! - [`ExecuteError::Refused`] has the error of the aggregate's `handle`, for `downcast_ref`.
//! - [`ExecuteError::Conflict`]: somebody else has appended to the aggregate since it was loaded. The seed is undone and tried
//!   again, three times at most, as after a deadlock; if it loses each time it stays pending.
//!
//! `Aggregate::Command` has to be `Send` and `Aggregate::Error` `Send + Sync + 'static`, which cqrs-es does not ask for.
//!
//! # Services are called for real
//!
//! `handle` gets the services that were handed over, and calls them whenever the seed runs: in a dry run, too, and in a try
//! that fails later. A service that moves something outside the database needs another one in its place for seeds.
//!
//! # What tells the outside world
//!
//! Queries of the app's own, which send mail or publish events, are not called in a seed: they would tell of what may be
//! rolled back, and one that writes on a pool of its own waits for rows that the seed has locked. Give them the events once
//! these are committed, with [`Commands::after_commit`]. It says nothing after a failure and in a dry run, and everything
//! once after a commit; what a process that dies just then has not told is not told later.
//!
//! # Dry runs
//!
//! A dry run executes the commands, lists their events by type of aggregate, id, sequence and event type, and rolls all
//! of it back.
//!
//! # Seed before serving
//!
//! Apply seeds before this process takes requests, and best before any does. While a seed runs, a request for the same
//! aggregate waits for it and then gets the conflict that cqrs-es knows. And a published store updates its views
//! after its own commit: a seed that comes in between gives a view its events in another order than they have.
//!
//! # Only the event store
//!
//! An app on the snapshot or aggregate store of cqrs-es (`postgres_snapshot_cqrs`, `postgres_aggregate_cqrs` and their
//! like) is not supported: events without their snapshot would leave the aggregate in conflict for good. A command is
//! refused with [`ExecuteError::Snapshots`] if the table of snapshots has one of its type of aggregate. What is left there
//! from before an app turned to the event store, nobody reads: delete it. An aggregate store without a single snapshot is not
//! noticed.
//!
//! # What two versions of sqlx cost
//!
//! The published stores use sqlx 0.8, seeds 0.9. Both fit into one binary, and each has its own pool. Measured once, as
//! crates compiled and seconds of processor time of a first build:
//!
//! | an app with | alone | with seeds |
//! |---|---|---|
//! | `postgres-es` | 137 crates, 77 s | 162 crates, 94 s |
//! | `sqlite-es` | 130 crates, 93 s | 140 crates, 106 s |
//!
//! SQLite itself can be in a binary only once, so both take the `libsqlite3-sys` 0.30 of sqlx 0.8, and with it an older
//! SQLite than seeds would have alone. This crate needs neither the stores nor sqlx 0.8.

mod commands;
mod database;
mod error;
mod execution;
mod stream;
mod table_name;
mod tables;
mod view_table;

pub use commands::Commands;
pub use database::CqrsDatabase;
pub use error::ExecuteError;
pub use execution::{ExecuteCommands, Execution};
