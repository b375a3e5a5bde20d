//! A primary that dies, and a standby that takes its place, while replicas boot.

use std::time::Duration;

use kumiko_seeds_testing::{Cluster, Ending};
use kumiko_tests::database::TestDatabase;
use kumiko_tests::forwarder::Forwarder;
use kumiko_tests::replicas::each_seed_ran_once;
use kumiko_tests::restarts::{
    RestartedReplicas, none_was_reported_twice, slow_down, until_committing,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{sleep, timeout};

/// Each failover makes the standby the next primary. The standby is synchronous: a database whose
/// commits can be lost after they were answered is none on which anything happens exactly once.
#[tokio::test]
async fn what_was_reported_survives_each_failover() {
    let mut primary = Cluster::start().unwrap();
    let moments = [
        (1, Moment::BeforeTheCommitIsWritten),
        (8, Moment::BeforeTheCommitIsAnswered),
        (15, Moment::BeforeTheCommitIsWritten),
    ];
    for (applied, moment) in moments {
        let standby = Cluster::standby_of(&mut primary).unwrap();
        let mut database = TestDatabase::on(&primary.url()).await;
        slow_down(&database).await;
        wait_for_standby_from_now_on(&primary).await;
        let forwarder = Forwarder::to(&database.url).await;
        let replicas = RestartedReplicas::start(forwarder.url(), 3);

        meet(moment, &database.url, applied, &standby).await;
        primary.end(Ending::Crash).unwrap();
        promote(&standby).await;
        forwarder.switch_to(&standby.url());
        let boots = replicas.finish().await;

        forwarder.url().clone_into(&mut database.url);
        database.pool = database.pool_of(1).await;
        each_seed_ran_once(&database).await;
        none_was_reported_twice(&boots);
        assert!(boots.iter().any(|boot| boot.error.is_some()), "{boots:#?}");
        primary = standby;
    }
}

/// When in the course of a commit the primary dies. Its process learns of neither.
enum Moment {
    /// Then the standby does not have it.
    BeforeTheCommitIsWritten,
    /// Then the standby has it.
    BeforeTheCommitIsAnswered,
}

async fn meet(moment: Moment, url: &str, applied: i64, standby: &Cluster) {
    match moment {
        Moment::BeforeTheCommitIsWritten => until_committing(url, applied, "PgSleep").await,
        Moment::BeforeTheCommitIsAnswered => {
            until_committing(url, applied, "PgSleep").await;
            // What it receives it keeps, and says so only when it has applied it.
            let mut session = PgConnection::connect(&standby.url()).await.unwrap();
            let pause = sqlx::raw_sql("SELECT pg_wal_replay_pause()");
            session.execute(pause).await.unwrap();
            until_committing(url, applied, "SyncRep").await;
        }
    }
}

/// Lets commits wait until the standby has applied them.
async fn wait_for_standby_from_now_on(primary: &Cluster) {
    let mut session = PgConnection::connect(&primary.url()).await.unwrap();
    for statement in [
        "ALTER SYSTEM SET synchronous_commit = remote_apply",
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        session.execute(sqlx::raw_sql(statement)).await.unwrap();
    }
    let synchronous = "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')";
    let waiting = async {
        while !sqlx::query_scalar::<_, bool>(synchronous)
            .fetch_one(&mut session)
            .await
            .unwrap()
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), waiting)
        .await
        .expect("no standby connects");
    // The process that makes checkpoints also tells the others to wait, once it has read the setting.
    session.execute("CHECKPOINT").await.unwrap();
}

async fn promote(standby: &Cluster) {
    let mut session = PgConnection::connect(&standby.url()).await.unwrap();
    // Waits for up to a minute.
    let promoted: bool = sqlx::query_scalar("SELECT pg_promote()")
        .fetch_one(&mut session)
        .await
        .unwrap();
    assert!(promoted);
}
