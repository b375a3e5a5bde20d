//! The ops binary of an app with a seed of many steps in the background, one before it, and one that waits for it.
//!
//! Variables say how the steps go: `TEST_ITEMS` is how many items there are, `TEST_FAILS_AFTER` the item after which the
//! next step fails, and `TEST_SLEEPS_MS` how long each step takes.

use std::process::ExitCode;
use std::time::Duration;

use kumiko_seeds::{Seed, SeedRunner, read_cursor};
use kumiko_tests::database::Engine;
use kumiko_tests::steps::{Items, of_batch, write_notes};
use kumiko_tests::{app, note};
use sqlx::{Postgres, Sqlite};

fn main() -> ExitCode {
    let url = std::env::var("DATABASE_URL").unwrap_or_default();
    if url.starts_with("postgres:") {
        kumiko_seeds_cli::main(seeds::<Postgres>())
    } else {
        kumiko_seeds_cli::main(seeds::<Sqlite>())
    }
}

fn seeds<DB: Engine>() -> SeedRunner<DB> {
    let steps = of_batch("2026-02-01-notes", |context, after, limit| {
        Box::pin(async move {
            let after = read_cursor(after)?;
            let sleep = Duration::from_millis(number("TEST_SLEEPS_MS").unwrap_or(0));
            tokio::time::sleep(sleep).await;
            let written = write_notes(context, after, limit).await?;
            let fails_after = number("TEST_FAILS_AFTER");
            if fails_after.is_some_and(|item| after.unwrap_or(0).cast_unsigned() >= item) {
                return Err("no such member".into());
            }
            written.written()
        })
    });
    let seeds = vec![
        note!("2026-01-01-first"),
        Seed {
            background: true,
            ..steps
        },
        Seed {
            after: &["2026-02-01-notes"],
            ..note!("2026-03-01-after")
        },
    ];
    let items = number("TEST_ITEMS").unwrap_or(250);
    app::runner(seeds).with(Items(items.cast_signed()))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
