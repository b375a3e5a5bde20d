//! Edits of a seed that is applied or under way, and how releases know its source.

use futures_util::FutureExt;
use kumiko_seeds::{Environment, Seed, SeedRunner, SkipFlags, State, Status, Warning, read_cursor};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::steps::{ID, Items, check_each_once, of_batch, write_notes};
use kumiko_tests::{app, note, on_both_databases};

/// As a release has it that knows the hash of its text alone.
fn before_code_had_a_hash<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        source_hash: seed.text_hash,
        ..seed
    }
}

fn with_another_comment<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        text_hash: "1111111111111111",
        ..seed
    }
}

fn with_other_code<DB: Engine>(seed: Seed<DB>) -> Seed<DB> {
    Seed {
        source_hash: "tokens:1111111111111111",
        ..with_another_comment(seed)
    }
}

async fn check_state<DB: Engine>(
    database: &TestDatabase<DB>,
    runner: &SeedRunner<DB>,
    expected: State,
) {
    let history = runner.ledger(&database.pool).history().await.unwrap();
    let infos = runner.seeds().iter().map(Seed::info);
    let status = Status::compare(
        infos,
        history,
        &SkipFlags::default(),
        &Environment::default(),
    );
    assert_eq!(status.seeds[0].state, expected);
}

/// Fails at the item with this number.
#[derive(Clone, Copy, Debug)]
struct FailsAt(i64);

fn failing<DB: Engine>() -> Seed<DB> {
    of_batch(ID, |context, after, limit| {
        async move {
            let after = read_cursor(after)?;
            let FailsAt(number) = *context.app().unwrap();
            let batch = write_notes(context, after, limit).await?;
            let last = after.unwrap_or(0) + i64::try_from(batch.items())?;
            if last > number {
                return Err(format!("item {number} is in bad taste").into());
            }
            batch.written()
        }
        .boxed()
    })
}

fn in_steps<DB: Engine>(seed: Seed<DB>, fails_at: i64) -> SeedRunner<DB> {
    app::runner(vec![seed])
        .with(Items(1_234))
        .with(FailsAt(fails_at))
}

on_both_databases! {
    async fn only_other_code_is_an_edit(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        app::runner(vec![seed]).apply(&database.pool).await.unwrap();
        for same in [seed, with_another_comment(seed)] {
            let runner = app::runner(vec![same]);
            assert_eq!(runner.apply(&database.pool).await.unwrap().warnings, []);
            check_state(database, &runner, State::Applied).await;
        }
        let edited = app::runner(vec![with_other_code(seed)]);
        let warnings = edited.apply(&database.pool).await.unwrap().warnings;
        assert!(matches!(warnings.as_slice(), [Warning::OtherSource { .. }]), "{warnings:?}");
        check_state(database, &edited, State::Changed).await;
    }

    async fn a_marker_with_the_hash_of_the_text_counts(database: &TestDatabase<DB>) {
        let seed = note!("2026-01-01-a");
        app::runner(vec![before_code_had_a_hash(seed)]).apply(&database.pool).await.unwrap();
        let runner = app::runner(vec![seed]);
        assert_eq!(runner.apply(&database.pool).await.unwrap().warnings, []);
        check_state(database, &runner, State::Applied).await;
        // Nothing tells what was edited since.
        check_state(database, &app::runner(vec![with_another_comment(seed)]), State::Changed).await;
    }

    async fn steps_go_on_with_the_same_code(database: &TestDatabase<DB>) {
        let noted = "SELECT source_hash FROM kumiko_es_progress";
        let pool = &database.pool;
        in_steps(before_code_had_a_hash(failing()), 600).apply(pool).await.unwrap_err();
        let seed = failing::<DB>();
        in_steps(seed, 1_100).apply(pool).await.unwrap_err();
        // A replica of the release before may be at it, too.
        assert_eq!(database.texts(noted).await, [seed.text_hash]);
        in_steps(seed, i64::MAX).apply(pool).await.unwrap();
        check_each_once(database, 1_234).await;
    }

    async fn steps_go_on_after_an_edit_of_a_comment(database: &TestDatabase<DB>) {
        in_steps(failing(), 600).apply(&database.pool).await.unwrap_err();
        in_steps(with_another_comment(failing()), i64::MAX).apply(&database.pool).await.unwrap();
        check_each_once(database, 1_234).await;
    }
}
