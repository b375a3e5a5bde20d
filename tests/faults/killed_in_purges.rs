//! Processes that are killed in the middle of a purge, while people restore streams and write to them.

use fastrand::Rng;
use kumiko_tests::on_both_databases;
use kumiko_tests::purges::purge_and_import;

on_both_databases! {
    async fn no_event_is_lost_and_none_is_left(database: &TestDatabase<DB>) {
        let purges = purge_and_import(database, 8, Rng::new()).await;
        println!("{}: {purges:?}", DB::NAME);
        assert!(purges.kills > 2);
    }
}
