//! A process of an app: `replica <release> <url>` starts one release of it.
//!
//! `boot` has twenty seeds, `older` lacks the last of them, and `late` has one more, dated before the
//! others. `batches` has the seeds of that module, and `steps-and-batches` one of many steps before them. Each applies what is pending, says when it waits, and
//! prints the report, one line each, also if it fails. `silent` is `boot` where nobody listens to the run,
//! `traced` where only a `tracing` subscriber does, and `unnamed` where statements get no names.
//!
//! `steps` has a seed of many steps, and `work` has the same one in the background and does what the boot leaves out. How
//! many items it has is in the environment.
//!
//! `migrate` has one that moves the wallets of one tenant to another.
//!
//! `hold` takes the lock, says so, and holds it until its standard input ends.

#![allow(clippy::duplicate_mod, reason = "the same seeds for each database")]

use std::error::Error;
use std::io::Read;

use kumiko_seeds::{Progress, Report, Seed, SeedContext, SeedRunner, WorkReport};
use kumiko_tests::batches::batches;
use kumiko_tests::database::Engine;
use kumiko_tests::migrations;
use kumiko_tests::mortal::{self, Death};
use kumiko_tests::seeds::seed;
use kumiko_tests::steps::{ID, Items, in_background, notes_in_steps};
use kumiko_tests::workers::STEP_TIME;
use kumiko_tests::{app, note};
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
    let [release, url] = arguments.as_slice() else {
        return Err(
            "usage: replica boot|older|late|batches|steps|steps-and-batches|work|hold <url>".into(),
        );
    };
    if release == "traced" {
        tracing::subscriber::set_global_default(Deaf)?;
    }
    if url.starts_with("postgres:") {
        let pool = Pool::connect(url).await?;
        run(
            &pool,
            release,
            seeds::<Postgres>(release, on_postgres::SEEDS),
        )
        .await
    } else if let Some(death) = Death::from_environment()? {
        let (pool, life) = mortal::pool(url, death).await?;
        run(&pool, release, seeds::<Sqlite>(release, on_sqlite::SEEDS)).await?;
        println!("steps {}", life.steps());
        println!("commits {}", life.commits());
        if let Death::InCommit(..) = death {
            // It may come after the end of the run.
            std::future::pending::<()>().await;
        }
        Ok(())
    } else {
        let pool = Pool::connect(url).await?;
        run(&pool, release, seeds::<Sqlite>(release, on_sqlite::SEEDS)).await
    }
}

fn seeds<DB: Engine>(release: &str, twenty: &[Seed<DB>]) -> Vec<Seed<DB>> {
    match release {
        "hold" => vec![seed("2025-12-31-hold", |ctx| Box::pin(hold(ctx)))],
        "batches" => batches(),
        "steps-and-batches" => [vec![notes_in_steps(ID)], batches()].concat(),
        "steps" => vec![notes_in_steps(ID)],
        "work" | "unnamed-work" => vec![in_background(notes_in_steps(ID))],
        "migrate" => vec![migrations::moves()],
        "older" => twenty[..twenty.len() - 1].to_vec(),
        "late" => [&[note!("2025-12-31-late")], twenty].concat(),
        _ => twenty.to_vec(),
    }
}

async fn run<DB: Engine>(
    pool: &Pool<DB>,
    release: &str,
    seeds: Vec<Seed<DB>>,
) -> Result<(), Box<dyn Error>> {
    let runner = match release {
        "migrate" => migrations::runner(seeds),
        _ => app::runner(seeds),
    };
    let runner = runner.step_time(STEP_TIME);
    let runner = match Items::from_environment()? {
        Some(items) => runner.with(items),
        None => runner,
    };
    let runner = match release {
        "silent" | "traced" => runner,
        "unnamed" | "unnamed-work" => runner.unnamed_statements(),
        _ => runner.observe(|progress| {
            if let Progress::Waiting { .. } = progress {
                println!("waiting");
            }
        }),
    };
    if let "work" | "unnamed-work" = release {
        return work(pool, &runner).await;
    }
    let ended = runner.apply(pool).await;
    print(match &ended {
        Ok(report) => report,
        Err(stopped) => &stopped.report,
    });
    Ok(ended.map(drop)?)
}

async fn work<DB: Engine>(pool: &Pool<DB>, runner: &SeedRunner<DB>) -> Result<(), Box<dyn Error>> {
    let WorkReport {
        applied,
        failed,
        error,
        left,
        ..
    } = runner.work(pool).await;
    for seed in applied {
        println!("applied {}", seed.id);
    }
    for id in left {
        println!("left {id}");
    }
    let failed = failed.into_iter().map(|failed| failed.error);
    match failed.chain(error).next() {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn print(report: &Report) {
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    for seed in &report.applied {
        println!("applied {}", seed.id);
    }
    for id in &report.applied_elsewhere {
        println!("elsewhere {id}");
    }
}

async fn hold<DB: Engine>(ctx: &mut SeedContext<'_, DB>) -> kumiko_seeds::SeedResult {
    DB::run(ctx.db().await?, "SELECT 1").await?;
    println!("holding");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Err("held".into())
}

/// A subscriber that takes everything and does nothing with it.
struct Deaf;

impl tracing::Subscriber for Deaf {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
