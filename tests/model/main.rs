//! The protocol of applying seeds as a model, of which every state is visited: however replicas take
//! turns, and whichever of them crash or lose their connections at whichever statement.
//!
//! `protocol` says what the runner does; whoever changes one changes the other:
//!
//! | model | `kumiko-seeds/src/runner` |
//! |---|---|
//! | `Step::Look` | `Run::look` |
//! | `Protocol::attempt` | `Run::attempt`, called by `Run::drain` for a `Work::Seed` |
//! | `Begin` | its `begin_with`; after a seed on PostgreSQL a part of `Commit`, which is one of the ways in which the two can follow each other here |
//! | `TakeLock`, `FindMarker` | its `lock`, with `Backend::take_lock` |
//! | `Write` | the seed itself, in `run` |
//! | `InsertMarker`, `Commit` | its `commit_seed`, with `Backend::insert_last_marker` |
//! | `Step::RollBack` | its `roll_back` |
//! | `Step::LookAgain` | `Run::drop_applied` |
//! | `Protocol::again` | `Run::try_again` |
//! | `Step::GaveUp` | `Error::TransactionEnded` |
//! | `Protocol::doubt` | `Run::find_out` |
//!
//! Preparation, dry runs, and what people do to markers are left out: they take the same lock in the
//! same way, and write no events of seeds.
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
mod properties;
mod protocol;
mod replica;
mod state;
mod wrong_attempts;
mod wrong_doubts;
mod wrong_retries;
