//! Writes reach the app's handlers as the system user, and only those they may reach.

use kumiko_seeds::events::Access;
use kumiko_seeds::{HandlerCall, json};
use kumiko_tests::app::{self, RenameNote};
use kumiko_tests::seeds::{calling, seed};
use kumiko_tests::{note, on_both_databases};
use uuid::uuid;

on_both_databases! {
    async fn a_write_is_the_system_user_s_in_the_system_tenant(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        let events = "SELECT CAST(tenant_id AS text) || ' ' || created_by || ' ' ||
                      (metadata->>'userId') || ' ' || type || ' ' || CAST(version AS text)
                      FROM kumiko_events";
        assert_eq!(
            database.text(events).await,
            "00000000-0000-4000-8000-000000000000 00000000-0000-0000-0000-000000000000 \
             00000000-0000-0000-0000-000000000000 note-added 1"
        );
    }

    async fn in_tenant_stores_the_stream_under_that_tenant(database: &TestDatabase<DB>) {
        let elsewhere = seed("2026-01-01-a", |ctx| Box::pin(async move {
            let tenant = uuid!("11111111-2222-4333-8444-555555555555");
            ctx.system_write_as("notes:write:add", json!({ "text": "x" })).in_tenant(tenant).await?;
            Ok(())
        }));
        app::runner(vec![elsewhere]).apply(&database.pool).await.unwrap();
        assert_eq!(
            database.text("SELECT CAST(tenant_id AS text) FROM kumiko_events").await,
            "11111111-2222-4333-8444-555555555555"
        );
    }

    async fn a_gate_opens_to_the_roles_it_names(database: &TestDatabase<DB>) {
        let editor = seed("2026-01-01-a", |ctx| Box::pin(async move {
            let written = ctx
                .system_write_as("notes:write:add-as-editor", json!({ "text": "x" }))
                .with_roles(["Editor"])
                .await?;
            assert_eq!(written.output, "x");
            Ok(())
        }));
        app::runner(vec![editor]).apply(&database.pool).await.unwrap();
        assert_eq!(database.payloads().await.len(), 1);
    }

    async fn a_typed_command_finds_its_handler(database: &TestDatabase<DB>) {
        let typed = seed("2026-01-02-b", |ctx| Box::pin(async move {
            let rename = RenameNote { from: "2026-01-01-a".into(), to: "b".into() };
            ctx.system_execute(rename).await?;
            Ok(())
        }));
        app::runner(vec![note!("2026-01-01-a"), typed]).apply(&database.pool).await.unwrap();
        assert_eq!(
            database.texts("SELECT type || ' ' || CAST(version AS text) FROM kumiko_events ORDER BY id").await,
            ["note-added 1", "note-renamed 2"]
        );
    }

    async fn calls_known_to_fail_are_found_before_the_first_write(database: &TestDatabase<DB>) {
        let calls = &[
            HandlerCall { handler: "notes:write:ad", roles: Some(&[]), line: 7 },
            HandlerCall { handler: "nothing:like:it", roles: None, line: 8 },
            HandlerCall { handler: "notes:write:add-as-editor", roles: Some(&["Reader"]), line: 9 },
            // These three are fine: the right role, roles that only the run knows, no gate.
            HandlerCall { handler: "notes:write:add-as-editor", roles: Some(&["Editor"]), line: 10 },
            HandlerCall { handler: "notes:write:add-as-editor", roles: None, line: 11 },
            HandlerCall { handler: "notes:write:add", roles: Some(&[]), line: 12 },
        ];
        let runner = app::runner(vec![note!("2026-01-01-a"), calling(note!("2026-01-02-b"), calls)]);
        let stopped = runner.apply(&database.pool).await.unwrap_err();
        assert_eq!(
            stopped.to_string(),
            "nothing was written, because pending seeds call handlers that would fail:\
             \n  tests/src/seeds.rs:7: no write handler is registered as \"notes:write:ad\"; did you mean \"notes:write:add\"?\
             \n  tests/src/seeds.rs:8: no write handler is registered as \"nothing:like:it\"\
             \n  tests/src/seeds.rs:9: access denied to \"notes:write:add-as-editor\": it is open to Editor, and \
             the system user came with system, Reader; add `.with_roles([\"Editor\"])`"
        );
        assert_eq!(stopped.not_attempted, ["2026-01-01-a", "2026-01-02-b"]);
        let created = DB::execute(&database.pool, "SELECT 1 FROM kumiko_events").await;
        assert!(created.is_err(), "even the app's preparation was to wait");
    }

    async fn an_applied_seed_is_not_checked_again(database: &TestDatabase<DB>) {
        app::runner(vec![note!("2026-01-01-a")]).apply(&database.pool).await.unwrap();
        let gone = &[HandlerCall { handler: "gone:by:now", roles: Some(&[]), line: 7 }];
        let runner = app::runner(vec![calling(note!("2026-01-01-a"), gone), note!("2026-01-02-b")]);
        assert_eq!(runner.apply(&database.pool).await.unwrap().applied.len(), 1);
    }

    async fn a_name_registered_twice_is_refused(database: &TestDatabase<DB>) {
        let twice = app::handlers::<DB>().register(
            "notes:write:add",
            Access::OpenToAll,
            |_: kumiko_seeds::events::WriteContext<'_, DB>, _: app::Note| async { Ok(()) },
        );
        let stopped = app::runner(vec![note!("2026-01-01-a")])
            .handlers(twice)
            .apply(&database.pool)
            .await
            .unwrap_err();
        assert_eq!(
            std::error::Error::source(&*stopped).unwrap().to_string(),
            "two write handlers are registered as \"notes:write:add\""
        );
    }
}
