//! Snapshots of aggregates after a test's writes.

use kumiko_seeds::events::{
    Access, Aggregate, AggregateResult, HandlerResult, Handlers, NewEvent, SYSTEM_TENANT_ID,
    StoredEvent, Stream, User, WriteContext,
};
use kumiko_seeds::{Seed, SeedRunner};
use kumiko_seeds_testing::{TestDatabase, json};
use kumiko_tests::app::create_tables;
use kumiko_tests::seeds::seed;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Engine, on_both_engines};

#[derive(Default, Serialize, Deserialize)]
struct Heights {
    /// What databases write in more than one way.
    sum: f64,
}

impl Aggregate for Heights {
    const SNAPSHOT_EVERY: Option<u32> = Some(2);

    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        self.sum += event.payload["height"].as_f64().ok_or("no height")?;
        Ok(())
    }
}

async fn sum<DB: Engine>(mut write: WriteContext<'_, DB>, id: Uuid) -> HandlerResult<f64> {
    let stream = write.stream("tower", id);
    let (heights, _) = write.load_aggregate::<Heights>(&stream).await?;
    Ok(heights.sum)
}

fn handlers<DB: Engine>() -> Handlers<DB> {
    Handlers::new().register("towers:write:sum", Access::OpenToAll, sum::<DB>)
}

const SEED: &str = "2026-01-01-reads";

/// An app with a seed that reads.
fn app<DB: Engine>() -> SeedRunner<DB> {
    let seeds: Vec<Seed<DB>> = vec![seed(SEED, |ctx| {
        Box::pin(async move {
            ctx.system_write_as("towers:write:sum", Uuid::from_u128(7))
                .await?;
            Ok(())
        })
    })];
    let runner = SeedRunner::new(seeds.leak()).handlers(handlers());
    runner.prepare(|connection| Box::pin(create_tables::<DB>(connection)))
}

/// Two events, each of this height, in the stream of a tower.
async fn given<DB: Engine>(database: &TestDatabase<DB>, number: u128, heights: [f64; 2]) {
    let stream = Stream {
        tenant_id: SYSTEM_TENANT_ID,
        aggregate_type: "tower".to_owned(),
        aggregate_id: Uuid::from_u128(number),
    };
    let event = |height| NewEvent::new("raised", json!({ "height": height }));
    database
        .given_events(&stream, heights.map(event))
        .await
        .unwrap();
    let handlers = handlers::<DB>();
    let write = handlers.write_as(User::system(), "towers:write:sum", stream.aggregate_id);
    write.commit(database.pool()).await.unwrap();
}

on_both_engines! {
    async fn those_that_are_as_events_say_pass_and_others_are_shown() {
        let database = TestDatabase::new(app::<DB>()).await.unwrap();
        // More than a page of them.
        for number in 1..=101 {
            given(&database, number, [0.1, 1e16]).await;
        }
        given(&database, 200, [1e16, 1e300]).await;
        given(&database, 201, [1.0, 2.0]).await;
        database.check_snapshots::<Heights>("tower").await.unwrap();
        let change = |sum, number| format!(
            "UPDATE kumiko_snapshots SET state = '{{\"sum\": {sum}}}' WHERE aggregate_id = '{}'", Uuid::from_u128(number)
        );
        for (sum, number) in [("7", 101), ("null", 201)] {
            database.execute(&change(sum, number)).await.unwrap();
        }
        let wrong = database.check_snapshots::<Heights>("tower").await.unwrap_err();
        assert_eq!(
            format!("{wrong:?}"),
            format!(
                "snapshots of tower are not what the events say, of:\n    {} of tenant {SYSTEM_TENANT_ID}\n    \
                 {} of tenant {SYSTEM_TENANT_ID}\nhelp: raise SNAPSHOT_VERSION of the aggregate",
                Uuid::from_u128(101), Uuid::from_u128(201)
            )
        );
        database.check_snapshots::<Heights>("bridge").await.unwrap();
        // Without the event that it ends with, a snapshot is not used.
        database.execute("DELETE FROM kumiko_events WHERE version = 2").await.unwrap();
        database.check_snapshots::<Heights>("tower").await.unwrap();
    }

    async fn a_second_run_may_save_some() {
        let database = TestDatabase::new(app::<DB>()).await.unwrap();
        given(&database, 7, [1.0, 1.0]).await;
        database.apply(SEED).await.unwrap();
        database.execute("DELETE FROM kumiko_snapshots").await.unwrap();
        database.check_second_run(SEED).await.unwrap();
        assert_eq!(
            database.check_rows("SELECT version FROM kumiko_snapshots", json!([{ "version": 2 }])).await.map_err(|error| error.to_string()),
            Ok(())
        );
    }
}
