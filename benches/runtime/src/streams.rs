//! Streams that are over: purged, exported and brought back.

use std::error::Error;
use std::fs::File;
use std::future::ready;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kumiko_seeds::BoxFuture;
use kumiko_seeds::events::{ArchivedStreams, Projections, Purge, StreamExport};
use kumiko_seeds::postgres::{Handlers, SeedRunner};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};

use crate::database::Server;
use crate::rebuild::{self, accounts, fill};
use crate::samples::{Samples, reliability};
use crate::table::{Table, grouped, ratio};
use crate::{Effort, Result};

/// Ways to deal with archived streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One statement by hand: the limit.
    Sql,
    Purge,
    /// A purge that writes the events to the disk first.
    Export,
    /// What brings them back.
    Import,
}

impl Way {
    const ALL: [Self; 4] = [Self::Sql, Self::Purge, Self::Export, Self::Import];

    const fn name(self) -> &'static str {
        match self {
            Self::Sql => "`DELETE ... USING`, by hand",
            Self::Purge => "purge",
            Self::Export => "purge, exported to a file",
            Self::Import => "import of that file",
        }
    }
}

const ARCHIVE: &str = "
    CREATE TABLE IF NOT EXISTS kumiko_archived_streams (
        tenant_id uuid NOT NULL, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
        archived_at timestamptz(3) NOT NULL DEFAULT now(), archived_by text NOT NULL, reason text);
    CREATE UNIQUE INDEX IF NOT EXISTS kumiko_archived_streams_pk ON kumiko_archived_streams (tenant_id, aggregate_id);
    INSERT INTO kumiko_archived_streams
    SELECT DISTINCT tenant_id, aggregate_id, aggregate_type, now(), 'bench' FROM kumiko_events
    WHERE aggregate_id < '80000000-0000-0000-0000-000000000000';
    ANALYZE kumiko_archived_streams";

const BY_HAND: &str = "
    DELETE FROM kumiko_events AS event USING kumiko_archived_streams AS mark
    WHERE event.tenant_id = mark.tenant_id AND event.aggregate_id = mark.aggregate_id";

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let (streams, rounds) = match effort {
        Effort::Full => (100_000, 3),
        Effort::Quick => (20_000, 1),
    };
    let mut cases = Way::ALL.map(|way| (way, Samples::default()));
    for round in 0..rounds {
        eprintln!("{streams} streams, round {} of {rounds} ...", round + 1);
        let mut url = String::new();
        for (way, per_second) in &mut cases {
            // What is imported was exported just before.
            if *way != Way::Import {
                url = server.fresh("streams").await?;
                fill(&url, streams).await?;
                let mut connection = PgConnection::connect(&url).await?;
                connection.execute(sqlx::raw_sql(ARCHIVE)).await?;
            }
            server.settle().await?;
            let (events, took) = deal(*way, &url).await?;
            per_second.push(events as f64 / took.as_secs_f64());
        }
    }
    server.remove("streams").await?;
    let by_hand = cases[0].1.median();
    let mut table = Table::new(["way", "events a second", "beside SQL"]);
    for (way, per_second) in &cases {
        table.row([
            way.name().to_owned(),
            grouped(per_second.median().round() as u64),
            ratio(per_second.median(), by_hand),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|(_, per_second)| per_second));
    Ok(format!(
        "## Streams that are over\n\n\
         Half of {} streams of five events each are archived and purged, with the rows of a projection. By hand, nothing is looked at or kept: no\n\
         writers, no restores, no consumers, no rows, no ledger.\n\n{table}\n{reliability}",
        grouped(streams),
    ))
}

/// Deals with the archived streams, and gives how many events that were and how long it took.
async fn deal(way: Way, url: &str) -> Result<(u64, Duration)> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
    let file = std::env::temp_dir().join(format!("kumiko-bench-{}.jsonl", std::process::id()));
    let clock = Instant::now();
    let events = match way {
        Way::Sql => pool.execute(BY_HAND).await?.rows_affected(),
        Way::Purge => purge(&pool, None).await?,
        Way::Export => purge(&pool, Some(Export::create(file)?)).await?,
        Way::Import => {
            let lines = BufReader::new(File::open(&file)?).lines();
            let imported = handlers().import_streams(&pool, lines).await?;
            std::fs::remove_file(file)?;
            imported.events
        }
    };
    let took = clock.elapsed();
    pool.close().await;
    Ok((events, took))
}

fn handlers() -> Handlers {
    let accounts = accounts(rebuild::Way::ApplyAll);
    Handlers::new().projections(Projections::new().register(accounts))
}

async fn purge(pool: &PgPool, export: Option<Export>) -> Result<u64> {
    let mut purge = Purge::of(ArchivedStreams::default());
    if let Some(export) = export {
        purge = purge.exported_to(Arc::new(export));
    }
    let runner = SeedRunner::new(&[]).handlers(handlers());
    let report = runner.purging(pool, purge.clone()).await?.work(pool).await;
    if report.applied.len() != 1 {
        return Err(format!("the streams are not purged: {report:?}").into());
    }
    Ok(purge.purged().events)
}

/// A file, on the disk before anything is deleted.
struct Export(Mutex<File>);

impl Export {
    fn create(path: PathBuf) -> Result<Self> {
        Ok(Self(Mutex::new(File::create(path)?)))
    }
}

type Kept = std::result::Result<(), Box<dyn Error + Send + Sync>>;

impl StreamExport for Export {
    fn keep<'a>(&'a self, lines: &'a str) -> BoxFuture<'a, Kept> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write_all(lines.as_bytes());
        let kept = written.and_then(|()| file.sync_all());
        Box::pin(ready(kept.map_err(Into::into)))
    }
}
