//! What is peculiar to PostgreSQL about replays: writers who are under way, roles, and row level security.

use std::time::Duration;

use futures_util::future::join;
use kumiko_seeds::error_chain;
use kumiko_seeds::events::Replay;
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::wallets::{prepare, runner};
use sqlx::Postgres;
use tokio::time::sleep;
use uuid::Uuid;

use crate::event_replay::{Outside, account, insertion, replaying, write};
use crate::role::Role;

const TENANT: Uuid = Uuid::from_u128(0x4000_8000_0000_0000_0000);

async fn an_account() -> TestDatabase<Postgres> {
    let database = Postgres::create().await;
    prepare(&database).await;
    write(&database, &[(1, 1, "opened")]).await;
    database
}

/// A writer draws an id, another one a greater one and commits, and then the replay begins.
#[tokio::test]
async fn a_lower_id_that_is_committed_late_is_not_passed_over() {
    let database = an_account().await;
    let mut writer = database.pool.begin().await.unwrap();
    let late = insertion(account(2), 1, "opened", TENANT, "2026-01-01T00:00:00.000Z");
    Postgres::run(&mut writer, &late).await.unwrap();
    write(&database, &[(3, 1, "opened")]).await;
    let outside = Outside::default();
    let ends = async {
        // Longer than a step waits.
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(outside.take_ids(), [0; 0]);
        writer.commit().await.unwrap();
    };
    let replay = Replay::to("mail");
    let replays = replaying(&database, runner(outside.handlers()), &replay);
    let (report, ()) = join(replays, ends).await;
    assert_eq!(report.applied.len(), 1, "{report:?}");
    assert_eq!(outside.take_ids(), [1, 2, 3]);
    database.remove().await;
}

/// Events that are hidden would be taken for none.
#[tokio::test]
async fn hidden_events_are_an_error() {
    let database = an_account().await;
    let outside = Outside::default();
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0:?}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0:?};
         ALTER TABLE kumiko_events ENABLE ROW LEVEL SECURITY",
        role.name
    );
    database.execute(&grant).await;
    let handlers = outside.handlers::<Postgres>();
    let refused = handlers.count_replay(&role.pool, &Replay::to("mail")).await;
    let refused = error_chain(&refused.unwrap_err()).join(": ");
    assert!(
        refused.contains("may not see every row of the table kumiko_events"),
        "{refused}"
    );
    role.remove(&database).await;
    database.remove().await;
}
