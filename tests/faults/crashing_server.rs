//! A server that crashes or is shut down, and starts again, while replicas boot.

use kumiko_seeds_testing::{Cluster, Ending};
use kumiko_tests::database::TestDatabase;
use kumiko_tests::replicas::each_seed_ran_once;
use kumiko_tests::restarts::{
    RestartedReplicas, none_was_reported_twice, slow_down, until_committing,
};

/// The server runs with `fsync = off`, which is enough here: its processes are killed, and not the
/// system, which keeps what they have written.
#[tokio::test]
async fn replicas_survive_each_end_of_the_server() {
    let mut server = Cluster::start().unwrap();
    let ends: [(Ending, &[i64]); 3] = [
        (Ending::Crash, &[1, 6, 11, 16]),
        (Ending::FastShutdown, &[4, 14]),
        (Ending::SmartShutdown, &[9]),
    ];
    for (ending, moments) in ends {
        let mut database = TestDatabase::on(&server.url()).await;
        slow_down(&database).await;
        // A smart shutdown would wait for it.
        database.pool.close().await;
        let replicas = RestartedReplicas::start(&database.url, 3);
        for applied in moments {
            until_committing(&database.url, *applied, "PgSleep").await;
            server.end(ending).unwrap();
            server.start_again().unwrap();
        }
        let boots = replicas.finish().await;

        database.pool = database.pool_of(1).await;
        each_seed_ran_once(&database).await;
        none_was_reported_twice(&boots);
        let failed = boots.iter().filter(|boot| boot.error.is_some()).count();
        match ending {
            Ending::SmartShutdown => assert_eq!(failed, 0, "{boots:#?}"),
            // Each end met somebody at work.
            _ => assert!(failed >= moments.len(), "{ending:?}: {boots:#?}"),
        }
        database.remove().await;
    }
}
