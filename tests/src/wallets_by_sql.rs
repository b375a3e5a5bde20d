//! What the rows of wallets have to be, computed by SQL that knows nothing of the library. For wallets to which nothing but deposits happen.

use crate::database::{Engine, TestDatabase};

/// Wallets whose rows are not what their events say, as one statement sees both, of those for which `of` is true.
#[must_use]
pub fn wrong(of: &str) -> String {
    format!(
        "SELECT CAST(event.id AS text) FROM (
             SELECT CAST(aggregate_id AS text) AS id, sum(CAST(payload->>'amount' AS bigint)) AS balance, count(*) AS deposits
             FROM kumiko_events WHERE type = 'deposited' GROUP BY aggregate_id) AS event
         LEFT JOIN read_wallets AS wallet ON CAST(wallet.id AS text) = event.id
         WHERE (wallet.id IS NULL OR wallet.balance <> event.balance OR wallet.deposits <> event.deposits) AND {of}
         UNION ALL
         SELECT CAST(id AS text) FROM read_wallets
         WHERE NOT EXISTS (SELECT 1 FROM kumiko_events WHERE aggregate_id = read_wallets.id)"
    )
}

/// By how much the total is wrong, as one statement sees it.
pub const TOTAL: &str = "SELECT CAST((SELECT sum(CAST(payload->>'amount' AS bigint)) FROM kumiko_events WHERE type = 'deposited')
                            - total AS text) FROM read_totals WHERE what = 'deposited'";

/// Fails unless every row and the total are what the events say.
pub async fn assert_right<DB: Engine>(database: &TestDatabase<DB>) {
    let wrong = database.texts(&wrong("1 = 1")).await;
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(database.text(TOTAL).await, "0");
}
