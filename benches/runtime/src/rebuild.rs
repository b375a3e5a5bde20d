//! A projection of a million events, rebuilt and checked.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use kumiko_seeds::Progress;
use kumiko_seeds::events::{Projection, ProjectionResult, Projections, StoredEvent};
use kumiko_seeds::postgres::{Handlers, SeedRunner, create_event_tables};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use uuid::Uuid;

use crate::database::Server;
use crate::process;
use crate::samples::{Samples, reliability};
use crate::table::{Table, figure, grouped, ratio};
use crate::{Effort, Result, beside_rebuild};

/// Ways to compute rows from events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One statement by hand, into an empty table: the limit.
    Sql,
    /// A rebuild, one event after another.
    Apply,
    /// A rebuild, many events at once.
    ApplyAll,
    /// The same of rows that may be of many aggregates.
    Shared,
    /// A rebuild of rows that are right.
    Right,
    /// A check of rows that are right.
    Check,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Sql,
        Self::ApplyAll,
        Self::Shared,
        Self::Apply,
        Self::Right,
        Self::Check,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sql => "`INSERT ... SELECT DISTINCT ON`, by hand",
            Self::ApplyAll => "rebuild, all rows missing, `apply_all`",
            Self::Apply => "rebuild, all rows missing, `apply`",
            Self::Shared => "rebuild, all rows missing, shared table, `apply_all`",
            Self::Right => "rebuild, all rows right, `apply_all`",
            Self::Check => "check, all rows right, `apply_all`",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::ApplyAll => "apply-all",
            Self::Apply => "apply",
            Self::Shared => "shared",
            Self::Right => "right",
            Self::Check => "check",
        }
    }

    pub(crate) fn named(word: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|way| way.word() == word);
        named.ok_or_else(|| format!("there is no way {word}").into())
    }
}

/// Whose accounts they are.
pub(crate) const TENANT: Uuid = Uuid::from_u128(0x4000_8000_0000_0000_0001);

const TABLES: &str = "
    CREATE TABLE bench_accounts (
        id uuid PRIMARY KEY, tenant_id uuid NOT NULL, version integer NOT NULL,
        name text NOT NULL, updated_at timestamptz NOT NULL);
    CREATE INDEX ON bench_accounts (tenant_id, name)";

pub(crate) const BY_HAND: &str = "
    INSERT INTO bench_accounts
    SELECT DISTINCT ON (tenant_id, aggregate_id) aggregate_id, tenant_id, version, payload->>'name', created_at
    FROM kumiko_events WHERE aggregate_type = 'account'
    ORDER BY tenant_id, aggregate_id, version DESC";

/// Computes the rows of the events that are there. Gives how long that took, and after how long every row was right: a rebuild goes on to check
/// them.
pub(crate) async fn compute(way: Way, url: &str) -> Result<(Duration, Duration)> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
    let handlers = Handlers::new().projections(Projections::new().register(accounts(way)));
    let count = "SELECT count(*) FROM kumiko_events";
    let events: i64 = sqlx::query_scalar(count).fetch_one(&pool).await?;
    let until_right = Arc::new(OnceLock::new());
    let clock = Instant::now();
    match way {
        Way::Sql => {
            pool.execute(BY_HAND).await?;
        }
        Way::Check => {
            let check = handlers.check_projection(&pool, "accounts", 10).await?;
            if check.wrong() > 0 {
                return Err(format!("rows are wrong: {check:?}").into());
            }
        }
        Way::Apply | Way::ApplyAll | Way::Shared | Way::Right => {
            let right = until_right.clone();
            let runner = SeedRunner::new(&[]).handlers(handlers);
            // Where rows may be of many aggregates, it is not the events alone that are gone through.
            let runner = runner.observe(move |progress| {
                if let Progress::Stepped { progress, .. } = progress
                    && progress.done >= events.unsigned_abs()
                    && way != Way::Shared
                {
                    right.get_or_init(|| clock.elapsed());
                }
            });
            let report = runner.work(&pool).await;
            if report.applied.len() != 1 {
                return Err(format!("the projection is not rebuilt: {report:?}").into());
            }
        }
    }
    let took = clock.elapsed();
    Ok((took, until_right.get().copied().unwrap_or(took)))
}

pub(crate) fn accounts(way: Way) -> Projection<sqlx::Postgres> {
    let projection = Projection::new("accounts", 1, apply).of("account", ["renamed"]);
    let projection = match way {
        Way::Shared => projection.shared_table("bench_accounts"),
        _ => projection.table("bench_accounts", "id"),
    };
    match way {
        Way::Apply => projection,
        _ => projection.apply_all(apply_all),
    }
}

async fn apply(connection: &mut PgConnection, event: &StoredEvent) -> ProjectionResult {
    sqlx::query(
        "INSERT INTO bench_accounts VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, updated_at = excluded.updated_at",
    )
    .bind(event.stream.aggregate_id)
    .bind(event.stream.tenant_id)
    .bind(event.version)
    .bind(event.payload["name"].as_str())
    .bind(event.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

async fn apply_all(connection: &mut PgConnection, events: &[StoredEvent]) -> ProjectionResult {
    // The last of each account decides.
    let last: HashMap<_, _> = events
        .iter()
        .map(|event| (event.stream.aggregate_id, event))
        .collect();
    let events: Vec<&StoredEvent> = last.into_values().collect();
    let all = || events.iter();
    sqlx::query(
        "INSERT INTO bench_accounts SELECT * FROM unnest($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, updated_at = excluded.updated_at",
    )
    .bind(all().map(|event| event.stream.aggregate_id).collect::<Vec<_>>())
    .bind(all().map(|event| event.stream.tenant_id).collect::<Vec<_>>())
    .bind(all().map(|event| event.version).collect::<Vec<_>>())
    .bind(all().map(|event| event.payload["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>())
    .bind(all().map(|event| event.created_at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

struct Case {
    way: Way,
    per_second: Samples,
    until_right: Samples,
    kilobytes: u64,
}

/// Events of so many accounts, five each, and their table.
pub(crate) async fn fill(url: &str, accounts: u64) -> Result {
    let mut connection = PgConnection::connect(url).await?;
    create_event_tables(&mut connection).await?;
    connection.execute(sqlx::raw_sql(TABLES)).await?;
    let events = format!(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
         SELECT md5(CAST(account AS text))::uuid, 'account', '{TENANT}', version, 'renamed',
                jsonb_build_object('name', 'account ' || account || ', for the time being number ' || version),
                '{{\"userId\": \"bench\"}}', 'bench'
         FROM generate_series(1, 5) AS version, generate_series(1, {accounts}) AS account;
         ANALYZE kumiko_events"
    );
    connection
        .execute(sqlx::raw_sql(AssertSqlSafe(events)))
        .await?;
    Ok(())
}

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let (accounts, rounds) = match effort {
        Effort::Full => (200_000, 3),
        Effort::Quick => (40_000, 1),
    };
    let events = accounts * 5;
    let mut cases = Way::ALL.map(|way| Case {
        way,
        per_second: Samples::default(),
        until_right: Samples::default(),
        kilobytes: 0,
    });
    for round in 0..rounds {
        eprintln!("{events} events, round {} of {rounds} ...", round + 1);
        let url = server.fresh("rebuild").await?;
        fill(&url, accounts).await?;
        let mut connection = PgConnection::connect(&url).await?;
        for case in &mut cases {
            if matches!(
                case.way,
                Way::Apply | Way::ApplyAll | Way::Shared | Way::Sql
            ) {
                connection.execute("TRUNCATE bench_accounts").await?;
            }
            let markers = "DROP TABLE IF EXISTS kumiko_es_operations, kumiko_es_progress";
            connection.execute(markers).await?;
            server.settle().await?;
            let told = process::rebuild(case.way.word(), &url).await?;
            case.per_second.push(events as f64 / told.seconds);
            case.until_right.push(events as f64 / told.part);
            case.kilobytes = case.kilobytes.max(told.kilobytes);
        }
    }
    server.remove("rebuild").await?;
    let by_hand = cases[0].per_second.median();
    let mut table = Table::new([
        "way",
        "events a second",
        "beside SQL",
        "until rows are right",
        "peak MB",
    ]);
    for case in &cases {
        table.row([
            case.way.name().to_owned(),
            grouped(case.per_second.median().round() as u64),
            ratio(case.per_second.median(), by_hand),
            grouped(case.until_right.median().round() as u64),
            figure(case.kilobytes as f64 / 1_024.0),
        ]);
    }
    let reliability = reliability(rounds, cases.iter().map(|case| &case.per_second));
    Ok(format!(
        "## A projection, rebuilt and checked\n\n\
         {} events of {} aggregates, a row each in a table with two indexes. A rebuild goes through the events\n\
         twice, the second time to check, and every row is right after the first; where rows may be of many aggregates, it\n\
         goes through the events once and through the rows twice, and no such moment is told apart.\n\n{table}\n{reliability}\n{}",
        grouped(events),
        grouped(accounts),
        beside_rebuild::measure(server, effort).await?
    ))
}
