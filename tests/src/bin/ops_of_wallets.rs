//! The ops binary of an app with two projections: one of rows that are each computed from one wallet, and one of totals. It has two reactors,
//! of which `mail` may be replayed.
//!
//! `TEST_VERSION` is the version of the first, `TEST_FAILS_AT` a type of events that cannot be applied to it, and with `TEST_PRINTS`
//! its `apply` prints to stdout. `TEST_REACTOR_FAILS_AT` is the id of an event at which `mail` fails, `TEST_DELIVERED` a file that gets a line
//! for each event that it is given, and `TEST_TAKES_MS` how long it takes for one.
//! With `TEST_MIGRATES` it has a seed that moves wallets to another tenant, where `named` is `called`.
//! `TEST_STEP_SIZE` is how many events a step may read, and `TEST_APP` the name of the app.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::BoxFuture;
use kumiko_seeds::events::{
    Delivery, Handlers, MigrateResult, MigratedEvent, NewStreams, OldStream, Projection,
    ProjectionResult, Projections, Reactor, ReactorResult, Reactors, StoredEvent, Stream, Streams,
};
use kumiko_seeds::{Seed, SeedRunner};
use kumiko_tests::database::Engine;
use kumiko_tests::migration;
use kumiko_tests::migrations::NEW;
use kumiko_tests::wallets::{apply, handlers, runner_of, totals};
use sqlx::{Postgres, Sqlite};

fn main() -> ExitCode {
    let url = std::env::var("DATABASE_URL").unwrap_or_default();
    if url.starts_with("postgres:") {
        kumiko_seeds_cli::main(app::<Postgres>())
    } else {
        kumiko_seeds_cli::main(app::<Sqlite>())
    }
}

fn app<DB: Engine>() -> SeedRunner<DB> {
    let wallets = Projection::new(
        "wallets",
        number("TEST_VERSION").unwrap_or(1),
        apply_unless_it_fails::<DB>,
    )
    .of("wallet", ["deposited", "named", "closed"])
    .table("read_wallets", "id");
    let handlers: Handlers<DB> = handlers();
    let projections = Projections::new().register(wallets).register(totals(1));
    let reactors = Reactors::new()
        .register(
            Reactor::new("mail", mail)
                .of("wallet", ["deposited", "named"])
                .replayable(),
        )
        .register(Reactor::new("audit", mail).of("wallet", ["closed"]));
    let seeds: Vec<Seed<DB>> = match std::env::var("TEST_MIGRATES") {
        Ok(_) => vec![migration!("2026-03-01-moves", Streams::of("wallet"), moved)],
        Err(_) => Vec::new(),
    };
    let handlers = handlers.projections(projections).reactors(reactors);
    let runner = runner_of(seeds.leak(), handlers);
    let runner = match number("TEST_STEP_SIZE") {
        Some(size) => runner.step_size(1..=size),
        None => runner,
    };
    match std::env::var("TEST_APP") {
        Ok(name) => runner.app(name),
        Err(_) => runner,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as a migration has it")]
fn moved(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let mut new = into.stream(Stream {
        tenant_id: NEW,
        ..old.stream.clone()
    });
    for event in &old.events {
        match event.event_type.as_str() {
            "named" => new.append(
                MigratedEvent::of(event)
                    .event_type("called")
                    .payload(&event.payload["name"]),
            ),
            _ => new.keep(event),
        }
    }
    Ok(())
}

async fn mail(event: StoredEvent, delivery: Delivery) -> ReactorResult {
    if let Some(milliseconds) = number("TEST_TAKES_MS") {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }
    if number("TEST_REACTOR_FAILS_AT").map(i64::from) == Some(event.id) {
        return Err("the mail server is down".into());
    }
    if let Ok(path) = std::env::var("TEST_DELIVERED") {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{}\n", delivery.idempotency_key()).as_bytes())?;
    }
    Ok(())
}

fn number(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

fn apply_unless_it_fails<'a, DB: Engine>(
    connection: &'a mut DB::Connection,
    event: &'a StoredEvent,
) -> BoxFuture<'a, ProjectionResult> {
    if std::env::var("TEST_FAILS_AT").is_ok_and(|fails_at| fails_at == event.event_type) {
        return Box::pin(async { Err("no such currency".into()) });
    }
    if std::env::var("TEST_PRINTS").is_ok() {
        println!("applied event {}", event.version);
    }
    apply::<DB>(connection, event)
}
