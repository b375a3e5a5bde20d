//! Streams: purged, exported and brought back, and migrated.

use std::error::Error;
use std::fs::File;
use std::future::ready;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kumiko_seeds::events::{
    ArchivedStreams, MigrateResult, NewStreams, OldStream, Projections, Purge, Stream,
    StreamExport, Streams,
};
use kumiko_seeds::postgres::{Handlers, Seed, SeedRunner};
use kumiko_seeds::{BoxFuture, SeedCode, read_cursor};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use crate::database::Server;
use crate::rebuild::{self, TENANT, accounts, fill};
use crate::samples::{Samples, reliability};
use crate::table::{Table, grouped, ratio};
use crate::{Effort, Result};

/// Ways to deal with streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One statement by hand: the limit.
    Sql,
    Purge,
    /// A purge that writes the events to the disk first.
    Export,
    /// What brings them back.
    Import,
    /// Two statements by hand that copy events to another tenant and archive the old streams.
    MoveBySql,
    /// A migration that does that.
    Move,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Sql,
        Self::Purge,
        Self::Export,
        Self::Import,
        Self::MoveBySql,
        Self::Move,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sql => "`DELETE ... USING`, by hand",
            Self::Purge => "purge",
            Self::Export => "purge, exported to a file",
            Self::Import => "import of that file",
            Self::MoveBySql => "`INSERT ... SELECT` into another tenant, by hand",
            Self::Move => "migration to another tenant",
        }
    }
}

const ARCHIVE: &str = "
    CREATE TABLE IF NOT EXISTS kumiko_archived_streams (
        tenant_id uuid NOT NULL, aggregate_id uuid NOT NULL, aggregate_type text NOT NULL,
        archived_at timestamptz(3) NOT NULL DEFAULT now(), archived_by text NOT NULL, reason text);
    CREATE UNIQUE INDEX IF NOT EXISTS kumiko_archived_streams_pk ON kumiko_archived_streams (tenant_id, aggregate_id)";

const MARKS: &str = "
    INSERT INTO kumiko_archived_streams
    SELECT DISTINCT tenant_id, aggregate_id, aggregate_type, now(), 'bench' FROM kumiko_events
    WHERE aggregate_id < '80000000-0000-0000-0000-000000000000';
    ANALYZE kumiko_archived_streams";

const MOVED_BY_HAND: &str = "
    INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, event_version, payload, metadata, created_at, created_by)
    SELECT aggregate_id, aggregate_type, '40008000-0000-0000-0000-000000000002', version, type, event_version, payload,
           metadata || jsonb_build_object('migratedFrom', tenant_id), created_at, created_by
    FROM kumiko_events WHERE aggregate_id < '80000000-0000-0000-0000-000000000000' ORDER BY id;";

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
                if !matches!(way, Way::MoveBySql | Way::Move) {
                    connection.execute(sqlx::raw_sql(MARKS)).await?;
                }
            }
            server.settle().await?;
            let (events, took) = deal(*way, &url).await?;
            per_second.push(events as f64 / took.as_secs_f64());
        }
    }
    server.remove("streams").await?;
    let mut table = Table::new(["way", "events a second", "beside SQL"]);
    for (way, per_second) in &cases {
        table.row([
            way.name().to_owned(),
            grouped(per_second.median().round() as u64),
            ratio(per_second.median(), by_hand(&cases, *way)),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|(_, per_second)| per_second));
    Ok(format!(
        "## Streams\n\n\
         Half of {} streams of five events each are purged, brought back, or migrated, with the rows of a projection. By hand, nothing is looked at or\n\
         kept: no writers, no restores, no consumers, no rows, no ledger.\n\n{table}\n{reliability}",
        grouped(streams),
    ))
}

/// What the same work takes by hand.
fn by_hand(cases: &[(Way, Samples)], way: Way) -> f64 {
    let by_hand = match way {
        Way::MoveBySql | Way::Move => Way::MoveBySql,
        _ => Way::Sql,
    };
    let mut cases = cases.iter();
    let found = cases.find(|(way, _)| *way == by_hand);
    found.map_or(f64::NAN, |(_, per_second)| per_second.median())
}

/// Deals with half of the streams, and gives how many events that were and how long it took.
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
        Way::MoveBySql => {
            let moved = pool.execute(MOVED_BY_HAND).await?.rows_affected();
            pool.execute(sqlx::raw_sql(MARKS)).await?;
            moved
        }
        Way::Move => migrate(&pool).await?,
    };
    let took = clock.elapsed();
    pool.close().await;
    Ok((events, took))
}

fn handlers() -> Handlers {
    let accounts = accounts(rebuild::Way::ApplyAll);
    Handlers::new().projections(Projections::new().register(accounts))
}

async fn migrate(pool: &PgPool) -> Result<u64> {
    let runner = SeedRunner::new(vec![migration()].leak()).handlers(handlers());
    let report = runner.work(pool).await;
    if report.applied.is_empty() {
        return Err(format!("the streams are not migrated: {report:?}").into());
    }
    let count = "SELECT count(*) FROM kumiko_events WHERE metadata ? 'migratedFrom'";
    let events: i64 = sqlx::query_scalar(count).fetch_one(pool).await?;
    Ok(events.unsigned_abs())
}

fn migration() -> Seed {
    Seed {
        file: file!(),
        source_hash: "1",
        background: true,
        ..Seed::by_hand(
            "2026-01-01-move",
            "Move half of the accounts to another tenant",
            SeedCode::Batch {
                count: None,
                batch: |ctx, after, limit| {
                    Box::pin(async move {
                        let streams = Streams::of("account").where_sql(
                            "stream.aggregate_id < '80000000-0000-0000-0000-000000000000'",
                        );
                        let after = read_cursor(after)?;
                        let migrated = ctx.migrate_streams(&streams, after, limit, move_one);
                        migrated.await?.written()
                    })
                },
            },
        )
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every migration has this shape")]
fn move_one(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let tenant_id = Uuid::from_u128(TENANT.as_u128() + 1);
    let stream = old.stream.clone();
    let mut new = into.stream(Stream {
        tenant_id,
        ..stream
    });
    new.all(&old.events);
    Ok(())
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
