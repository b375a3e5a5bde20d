//! What a layer above the core can do in a seed: begin work, note events, and act after the commit.

use std::sync::{Arc, Mutex};

use kumiko_seeds::{AppendedEvent, Seed, SeedContext, WorkError, error_chain};
use kumiko_tests::database::Engine;
use kumiko_tests::seeds::seed;
use kumiko_tests::{app, note, on_both_databases};

/// Writes a row and says that it was an event.
async fn write<DB: Engine>(ctx: &mut SeedContext<'_, DB>, text: &str) -> Result<(), WorkError> {
    let mut work = ctx.begin("the command \"write\"");
    match insert(&mut work, text).await {
        Ok(()) => {
            work.done();
            Ok(())
        }
        Err(error) => Err(work.failed(error)),
    }
}

async fn insert<DB: Engine>(
    work: &mut kumiko_seeds::UnitOfWork<'_, '_, DB>,
    text: &str,
) -> Result<(), WorkError> {
    let mut parts = work.parts().await?;
    parts.ensure_open().await?;
    let insert = format!("INSERT INTO read_notes (text) VALUES ('{text}')");
    DB::run(parts.connection, &insert).await?;
    parts
        .journal
        .note_event(|| AppendedEvent::new("note", text, 1, "noted"));
    Ok(())
}

/// What was called after a commit, in order.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    fn add(&self, call: &str) {
        self.0.lock().unwrap().push(call.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A seed that writes a note and has itself called after its commit.
fn calling<DB: Engine>(id: &'static str) -> Seed<DB> {
    seed(id, |ctx| {
        Box::pin(async move {
            write(ctx, ctx.id()).await?;
            let (id, calls) = (ctx.id(), ctx.app::<Calls>().ok_or("no calls")?.clone());
            ctx.after_commit(move || calls.add(id));
            Ok(())
        })
    })
}

on_both_databases! {
    async fn work_commits_with_its_seed_and_is_counted(database: &TestDatabase<DB>) {
        let writes = seed("2026-01-01-a", |ctx| Box::pin(async move {
            write(ctx, "a").await?;
            // Reading in between makes the transaction read-only, and work makes it writable again.
            DB::run(ctx.db().await?, "SELECT text FROM read_notes").await?;
            write(ctx, "b").await?;
            DB::run(ctx.unmanaged_db().await?, "INSERT INTO read_notes (text) VALUES ('c')").await?;
            ctx.note_event(AppendedEvent::new("note", "c", 1, "noted").in_tenant("acme"));
            Ok(())
        }));
        let runner = app::runner(vec![writes]);
        let dry = runner.dry_run(&database.pool).await.unwrap();
        let listed: Vec<String> = dry.seeds[0].events.iter().map(|event| format!("{event:?}")).collect();
        assert_eq!(
            listed,
            [
                r#"AppendedEvent { aggregate_type: "note", aggregate_id: "a", tenant_id: None, version: 1, event_type: "noted", made_of: None }"#,
                r#"AppendedEvent { aggregate_type: "note", aggregate_id: "b", tenant_id: None, version: 1, event_type: "noted", made_of: None }"#,
                r#"AppendedEvent { aggregate_type: "note", aggregate_id: "c", tenant_id: Some("acme"), version: 1, event_type: "noted", made_of: None }"#,
            ]
        );
        let report = runner.apply(&database.pool).await.unwrap();
        assert_eq!(report.applied[0].events, 3);
        assert_eq!(database.texts("SELECT text FROM read_notes ORDER BY text").await, ["a", "b", "c"]);
    }

    async fn work_that_failed_or_never_ended_fails_its_seed(database: &TestDatabase<DB>) {
        let swallows = seed("2026-01-01-swallows", |ctx| Box::pin(async move {
            write(ctx, "a").await?;
            write(ctx, "a").await.unwrap_err();
            let later = write(ctx, "b").await.unwrap_err();
            assert!(matches!(later, WorkError::EarlierFailure { .. }), "{later:?}");
            Ok(())
        }));
        let drops = seed("2026-01-01-drops", |ctx| Box::pin(async move {
            drop(ctx.begin("the command \"drop\""));
            Ok(())
        }));
        let interleaves = seed("2026-01-01-interleaves", |ctx| Box::pin(async move {
            drop(ctx.begin("the command \"first\""));
            let later = write(ctx, "b").await.unwrap_err();
            assert_eq!(
                later.to_string(),
                "nothing was done by the command \"write\", because the command \"first\" was not awaited to its end"
            );
            Ok(())
        }));
        let ends = seed("2026-01-01-ends", |ctx| Box::pin(async move {
            let _ = DB::run(ctx.unmanaged_db().await?, "ROLLBACK").await;
            let ended = write(ctx, "c").await.unwrap_err();
            assert!(matches!(ended, WorkError::TransactionEnded), "{ended:?}");
            Ok(())
        }));
        app::runner(vec![note!("2025-12-31-first")]).apply(&database.pool).await.unwrap();
        database.execute("DELETE FROM read_notes").await;
        for (seed, expected) in [
            (swallows, "returned Ok, but a write in it failed: the database failed: "),
            (drops, "the command \"drop\" was not awaited to its end"),
            (interleaves, "the command \"first\" was not awaited to its end"),
            (ends, "the transaction"),
        ] {
            let stopped = app::runner(vec![seed]).apply(&database.pool).await.unwrap_err();
            let said = error_chain(&stopped.error).join(": ");
            assert!(said.contains(expected), "{said}");
            assert_eq!(database.texts("SELECT text FROM read_notes").await, [""; 0]);
            assert_eq!(database.markers().await, ["2025-12-31-first"]);
        }
    }

    async fn what_comes_after_a_commit_comes_once_and_in_order(database: &TestDatabase<DB>) {
        let calls = Calls::default();
        let fails = seed("2026-01-03-fails", |ctx| Box::pin(async move {
            let calls = ctx.app::<Calls>().ok_or("no calls")?.clone();
            ctx.after_commit(move || calls.add("a failed seed"));
            Err("no".into())
        }));
        let panics = seed("2026-01-02-panics", |ctx| Box::pin(async move {
            let calls = ctx.app::<Calls>().ok_or("no calls")?.clone();
            ctx.after_commit(|| panic!("after the commit"));
            ctx.after_commit(move || calls.add("after a panic"));
            Ok(())
        }));
        let seeds = || vec![calling("2026-01-01-a"), panics, calling("2026-01-02-z"), fails, note!("2026-01-04-z")];
        let runner = app::runner(seeds()).with(calls.clone());
        runner.dry_run(&database.pool).await.unwrap_err();
        assert_eq!(calls.take(), [""; 0], "a dry run keeps nothing");
        runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(calls.take(), ["2026-01-01-a", "after a panic", "2026-01-02-z"]);
        runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(calls.take(), [""; 0]);
    }

    async fn nothing_comes_after_a_commit_that_is_refused(database: &TestDatabase<DB>) {
        database
            .execute(
                "CREATE TABLE deferred (id integer PRIMARY KEY,
                     refers integer REFERENCES deferred DEFERRABLE INITIALLY DEFERRED)",
            )
            .await;
        let refused = seed("2026-01-01-refused", |ctx| Box::pin(async move {
            let calls = ctx.app::<Calls>().ok_or("no calls")?.clone();
            ctx.after_commit(move || calls.add("a refused seed"));
            DB::run(ctx.unmanaged_db().await?, "INSERT INTO deferred VALUES (1, 7)").await?;
            Ok(())
        }));
        let calls = Calls::default();
        app::runner(vec![refused]).with(calls.clone()).apply(&database.pool).await.unwrap_err();
        assert_eq!(calls.take(), [""; 0]);
    }

    async fn layers_check_seeds_before_the_first_write(database: &TestDatabase<DB>) {
        let runner = app::runner(vec![note!("2026-01-01-a")]).with(7u8).preflight(|values, seed| {
            let mut problem = seed.problem(3, "there is no seven");
            if values.get::<u8>() == Some(&7) {
                "there is a seven".clone_into(&mut problem.message);
            }
            vec![problem]
        });
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert!(stopped.to_string().ends_with("tests/src/seeds.rs:3: there is a seven"), "{stopped}");
        assert_eq!(runner.verify().len(), 1);
    }
}
