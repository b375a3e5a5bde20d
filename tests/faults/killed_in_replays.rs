//! Processes that are killed in the middle of delivering events again, while people write.

use fastrand::Rng;
use kumiko_tests::on_both_databases;
use kumiko_tests::replays::replay_under_kills;

on_both_databases! {
    async fn each_event_is_delivered_and_none_is_passed_over(database: &TestDatabase<DB>) {
        let toll = replay_under_kills(database, 400, 12, Rng::new()).await;
        println!("{}: {toll:?}", DB::NAME);
        assert!(toll.kills > 0);
    }
}
