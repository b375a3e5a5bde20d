//! A process of an app with twenty seeds.
//!
//! `replica boot <url>` applies what is pending and prints the report, one line each.
//! `replica hold <url>` takes the lock, says so, and holds it until its standard input ends.

#![allow(clippy::duplicate_mod, reason = "the same seeds for each database")]

use std::error::Error;
use std::io::Read;

use kumiko_seeds::{Seed, SeedContext};
use kumiko_tests::app;
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use sqlx::{Pool, Postgres, Sqlite};

mod on_postgres {
    kumiko_seeds::postgres::include_seeds!();
}

mod on_sqlite {
    kumiko_seeds::sqlite::include_seeds!();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, url] = arguments.as_slice() else {
        return Err("usage: replica boot|hold <url>".into());
    };
    if url.starts_with("postgres:") {
        run::<Postgres>(command, url, on_postgres::SEEDS).await
    } else {
        run::<Sqlite>(command, url, on_sqlite::SEEDS).await
    }
}

async fn run<DB: Engine>(
    command: &str,
    url: &str,
    seeds: &'static [Seed<DB>],
) -> Result<(), Box<dyn Error>> {
    let pool = Pool::<DB>::connect(url).await?;
    let seeds = match command {
        "hold" => vec![seed("2025-12-31-hold", |ctx| Box::pin(hold(ctx)))],
        _ => seeds.to_vec(),
    };
    let report = app::runner(seeds).apply(&pool).await?;
    for seed in report.applied {
        println!("applied {}", seed.id);
    }
    for id in report.applied_elsewhere {
        println!("elsewhere {id}");
    }
    Ok(())
}

async fn hold<DB: Engine>(ctx: &mut SeedContext<'_, DB>) -> kumiko_seeds::SeedResult {
    DB::run(ctx.db().await?, "SELECT 1").await?;
    println!("holding");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Err("held".into())
}
