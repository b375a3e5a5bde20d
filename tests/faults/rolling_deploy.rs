//! Two releases of an app run side by side, and one of them has a seed more.

use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::replicas::{booted, each_seed_ran_once, replica};

const LATE: &str = "2025-12-31-late";
const EACH: usize = 4;

on_both_databases! {
    async fn replicas_of_two_releases_boot_together(database: &TestDatabase<DB>) {
        let printed = boot_together(database, ["older", "boot"]).await;
        each_seed_ran_once(database).await;
        let missing = "warning: seed 2026-01-20-count is applied, but missing from this binary\n";
        for printed in &printed.older {
            let unexpected = printed.replace(missing, "");
            assert!(!unexpected.contains("2026-01-20-count"), "{unexpected}");
        }
        for printed in &printed.newer {
            assert!(!printed.contains("warning"), "{printed}");
        }
        // A release that is started once more, or rolled back to, when the next one has been there.
        assert_eq!(boot("older", database).await, missing);
        each_seed_ran_once(database).await;
    }

    async fn a_newer_release_brings_a_seed_that_comes_before_applied_ones(database: &TestDatabase<DB>) {
        boot("boot", database).await;
        let printed = boot_together(database, ["boot", "late"]).await;
        let missing = format!("warning: seed {LATE} is applied, but missing from this binary\n");
        for printed in &printed.older {
            assert!(printed.is_empty() || *printed == missing, "{printed}");
        }
        let warning = format!("warning: seed {LATE} is out of order: 2026-01-20-count is already applied\n");
        let applied = format!("{warning}applied {LATE}\n");
        let mut applying = 0;
        for printed in &printed.newer {
            let printed = printed.replace("waiting\n", "");
            applying += usize::from(printed == applied);
            let elsewhere = format!("{warning}elsewhere {LATE}\n");
            assert!([&applied, &elsewhere, ""].contains(&printed.as_str()), "{printed}");
        }
        assert_eq!(applying, 1);
        assert_eq!(database.markers().await.last().map(String::as_str), Some(LATE));
        let notes = "SELECT text FROM read_notes";
        assert_eq!(database.texts(notes).await, [LATE]);

        assert_eq!(boot("boot", database).await, missing);
        assert_eq!(boot("late", database).await, "");
    }

    async fn two_releases_boot_together_on_an_empty_database(database: &TestDatabase<DB>) {
        let printed = boot_together(database, ["boot", "late"]).await;
        let lines = [printed.older, printed.newer].concat().concat();
        let applied = lines.lines().filter(|line| line.starts_with("applied "));
        assert_eq!(applied.count(), 21, "{lines}");
        assert_eq!(database.markers().await.len(), 21);
        assert_eq!(database.counted().await.len(), 20);
        assert_eq!(database.texts("SELECT text FROM read_notes").await, [LATE]);
    }
}

/// What the replicas of each release printed.
struct Printed {
    older: Vec<String>,
    newer: Vec<String>,
}

/// Boots some replicas of each release, in turns.
async fn boot_together<DB: Engine>(database: &TestDatabase<DB>, releases: [&str; 2]) -> Printed {
    let start = |release: &str| replica(release, &database.url).spawn().unwrap();
    let running: Vec<_> = (0..EACH).map(|_| releases.map(start)).collect();
    let mut printed = Printed {
        older: Vec::new(),
        newer: Vec::new(),
    };
    for [older, newer] in running {
        printed.older.push(booted(older).await);
        printed.newer.push(booted(newer).await);
    }
    printed
}

async fn boot<DB: Engine>(release: &str, database: &TestDatabase<DB>) -> String {
    booted(replica(release, &database.url).spawn().unwrap()).await
}
