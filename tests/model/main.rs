//! The protocol of applying seeds as a model, of which every state is visited: however replicas take
//! turns, and whichever of them crash or lose their connections at whichever statement.
//!
//! `protocol` says what the runner does; whoever changes one changes the other:
//!
//! | model | `kumiko-seeds/src` |
//! |---|---|
//! | `Step::Look` | `Run::look` |
//! | `Protocol::attempt` | `UnderLock::transact`, called by `Run::drain` for the `Queue` |
//! | `Begin`, `TakeLock`, `FindMarker` | `Backend::lock`; after a seed on PostgreSQL a part of `Backend::commit`: `Protocol::chain` |
//! | `Write` | the seed itself, in `runner/app_code.rs` |
//! | `InsertMarker`, `Commit` | `Backend::commit` with `NewMarker::insert` |
//! | `Step::RollBack` | `UnderLock::forget` and `UnderLock::undo` |
//! | `Step::LookAgain` | `Run::drop_applied` |
//! | `Protocol::again` | `UnderLock::again` |
//! | `Step::GaveUp` | `Error::TransactionEnded` |
//! | `Protocol::doubt` | `UnderLock::find_out` |
//!
//! Preparation, dry runs, and what people do to markers are left out: they take the same lock in the
//! same way, and write no events of seeds.
//!
//! `steps` is a model of its own: of an operation that takes many transactions, as it is to be. So is `rebuild`: of making the
//! rows of a projection equal to what its events say, beside writers.
//! And `fence`: of migrating a stream beside those who append to it.
//!
//! ```console
//! $ cargo test -p kumiko-tests --test model -- --nocapture              # counts states, shows what breaks
//! $ cargo test -p kumiko-tests --test model -- --nocapture --ignored    # more of them, for minutes
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod as_written;
mod check;
mod database;
mod deployment;
mod ended_transactions;
mod fence;
mod properties;
mod protocol;
mod rebuild;
mod replica;
mod state;
mod steps;
mod wrong_attempts;
mod wrong_doubts;
mod wrong_retries;
