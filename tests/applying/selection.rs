//! Applying only some of what is pending.

use kumiko_seeds::{SeedRunner, Selection};
use kumiko_tests::database::Engine;
use kumiko_tests::{app, note, on_both_databases};

fn runner<DB: Engine>(selection: Selection) -> SeedRunner<DB> {
    app::runner(vec![
        note!("2026-01-01-a"),
        note!("2026-01-02-b"),
        note!("2026-01-03-c"),
    ])
    .select(selection)
}

on_both_databases! {
    async fn up_to_a_seed_and_then_the_rest(database: &TestDatabase<DB>) {
        let report = runner(Selection::UpTo("2026-01-02-b".into())).apply(&database.pool).await;
        assert_eq!(report.unwrap().applied.len(), 2);
        assert_eq!(database.markers().await, ["2026-01-01-a", "2026-01-02-b"]);
        let report = runner(Selection::All).apply(&database.pool).await;
        assert_eq!(report.unwrap().applied.len(), 1);
    }

    async fn one_alone_may_not_overtake_unless_told_to(database: &TestDatabase<DB>) {
        let id = "2026-01-02-b".to_owned();
        let refused = runner(Selection::Only(id.clone())).apply(&database.pool).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "seed 2026-01-02-b would run before 2026-01-01-a, pending and earlier"
        );
        let report = runner(Selection::OnlyOutOfOrder(id)).apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].id, "2026-01-02-b");
        assert_eq!(database.markers().await, ["2026-01-02-b"]);
    }
}
