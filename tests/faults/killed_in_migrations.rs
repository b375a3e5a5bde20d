//! Processes that are killed again and again while they migrate streams, beside people who write to these, and started again.

use fastrand::Rng;
use kumiko_tests::migrations_under_kills::migrate_under_kills;
use kumiko_tests::on_both_databases;

on_both_databases! {
    async fn twenty_kills_migrate_each_stream_once(database: &TestDatabase<DB>) {
        let toll = migrate_under_kills(database, 600, 20, Rng::new()).await;
        println!("{}: {toll:?}", DB::NAME);
        assert!(toll.kills >= 12, "{toll:?}");
    }
}
