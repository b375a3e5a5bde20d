//! What people who write and read notice of a rebuild.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kumiko_seeds::events::{
    Access, HandlerResult, Handlers, NewEvent, Projections, User, WriteContext,
};
use kumiko_seeds::json;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::Server;
use crate::process;
use crate::rebuild::{BY_HAND, TENANT, Way, accounts, fill};
use crate::table::{Table, figure, grouped};
use crate::{Effort, Result};

const WRITERS: u32 = 4;
const READERS: u32 = 4;
/// How long clients are alone, and how long one rests after each request.
const ALONE: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_millis(5);

pub(crate) async fn measure(server: &Server, effort: Effort) -> Result<String> {
    let number = match effort {
        Effort::Full => 200_000,
        Effort::Quick => 40_000,
    };
    let url = server.fresh("beside").await?;
    fill(&url, number).await?;
    let mut connection = PgConnection::connect(&url).await?;
    connection.execute(BY_HAND).await?;
    let mut table = Table::new([
        "beside",
        "seconds",
        "write, median ms",
        "p99",
        "longest",
        "read, median ms",
        "p99",
        "longest",
    ]);
    for (name, way) in [
        ("nothing", None),
        (
            "a rebuild of wrong rows, of one aggregate each",
            Some(Way::ApplyAll),
        ),
        (
            "a rebuild of wrong rows, of many aggregates",
            Some(Way::Shared),
        ),
    ] {
        eprintln!("clients beside {name} ...");
        connection
            .execute("UPDATE bench_accounts SET name = 'wrong'")
            .await?;
        let markers = "DROP TABLE IF EXISTS kumiko_es_operations, kumiko_es_progress";
        connection.execute(markers).await?;
        server.settle().await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let clients = tokio::spawn(clients(url.clone(), is_over.clone()));
        let seconds = if let Some(way) = way {
            process::rebuild(way.word(), &url).await?.seconds
        } else {
            tokio::time::sleep(ALONE).await;
            ALONE.as_secs_f64()
        };
        is_over.store(true, Ordering::Relaxed);
        let (writes, reads) = clients.await??;
        let [
            [write, write_p99, longest_write],
            [read, read_p99, longest_read],
        ] = [told(writes), told(reads)];
        table.row([
            name.to_owned(),
            figure(seconds),
            write,
            write_p99,
            longest_write,
            read,
            read_p99,
            longest_read,
        ]);
    }
    drop(connection);
    server.remove("beside").await?;
    Ok(format!(
        "## People beside a rebuild\n\n\
         {WRITERS} clients write an event of any of {} aggregates, and its row with it, rest for {} ms, and write the next; {READERS} read\n\
         rows as often. Before each rebuild every row is wrong.\n\n{table}\n",
        grouped(number),
        REST.as_millis()
    ))
}

/// The median, all but one of a hundred, and the longest, in milliseconds.
fn told(mut times: Vec<Duration>) -> [String; 3] {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    [last / 2, last * 99 / 100, last].map(|place| {
        let time = times.get(place).copied().unwrap_or_default();
        figure(time.as_secs_f64() * 1e3)
    })
}

/// Writes and reads until it is over, and gives how long each request took.
async fn clients(url: String, is_over: Arc<AtomicBool>) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let connections = WRITERS + READERS;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .connect(&url)
        .await?;
    let ids = sqlx::query_scalar("SELECT id FROM bench_accounts").fetch_all(&pool);
    let ids: Arc<Vec<Uuid>> = Arc::new(ids.await?);
    let (mut writing, mut reading) = (JoinSet::new(), JoinSet::new());
    for _ in 0..WRITERS {
        writing.spawn(write(pool.clone(), ids.clone(), is_over.clone()));
    }
    for _ in 0..READERS {
        reading.spawn(read(pool.clone(), ids.clone(), is_over.clone()));
    }
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    while let Some(times) = writing.join_next().await {
        writes.extend(times??);
    }
    while let Some(times) = reading.join_next().await {
        reads.extend(times??);
    }
    pool.close().await;
    Ok((writes, reads))
}

async fn write(
    pool: PgPool,
    ids: Arc<Vec<Uuid>>,
    is_over: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let handlers = Handlers::new()
        .register("accounts:write:rename", Access::OpenToAll, rename)
        .projections(Projections::new().register(accounts(Way::ApplyAll)));
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let user = User::new("bench", [""; 0]);
        let write = handlers.write_as(user, "accounts:write:rename", any_of(&ids));
        let clock = Instant::now();
        let write = write.in_tenant(TENANT).retries(100);
        write.commit(&pool).await?;
        times.push(clock.elapsed());
        tokio::time::sleep(REST).await;
    }
    Ok(times)
}

async fn read(
    pool: PgPool,
    ids: Arc<Vec<Uuid>>,
    is_over: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let row = sqlx::query("SELECT name FROM bench_accounts WHERE id = $1");
        let row = row.bind(any_of(&ids));
        let clock = Instant::now();
        row.fetch_one(&pool).await?;
        times.push(clock.elapsed());
        tokio::time::sleep(REST).await;
    }
    Ok(times)
}

fn any_of(ids: &[Uuid]) -> Uuid {
    let number = Uuid::new_v4().as_u128() % ids.len().max(1) as u128;
    let place = usize::try_from(number).unwrap_or_default();
    ids.get(place).copied().unwrap_or_default()
}

async fn rename(mut write: WriteContext<'_, Postgres>, id: Uuid) -> HandlerResult<i32> {
    let stream = write.stream("account", id);
    let version = write.stream_version(&stream).await?;
    let name = json!({ "name": format!("renamed to {version}") });
    let event = NewEvent::new("renamed", name);
    Ok(write.append(&stream, version, [event]).await?)
}
