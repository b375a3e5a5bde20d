//! The event store: versions, conflicts, and what it stores.

use kumiko_seeds::events::{
    EventStoreError, NewEvent, Stream, User, append, create_event_tables, load, stream_version,
};
use kumiko_seeds::json;
use kumiko_tests::on_both_databases;
use uuid::Uuid;

fn stream() -> Stream {
    Stream {
        tenant_id: Uuid::from_u128(1),
        aggregate_type: "note".to_owned(),
        aggregate_id: Uuid::from_u128(2),
    }
}

fn event(number: i32) -> NewEvent {
    NewEvent::new("numbered", json!({ "number": number }))
}

on_both_databases! {
    async fn what_is_appended_is_loaded(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let (stream, user) = (stream(), User::system());
        let first = event(1).event_version(3).metadata("cause", "a test");
        let version =
            append::<DB>(&mut connection, &stream, 0, vec![first, event(2)], &user).await.unwrap();
        assert_eq!(version, 2);
        let version = append::<DB>(&mut connection, &stream, 2, vec![event(3)], &user).await.unwrap();
        assert_eq!(version, 3);

        let loaded =
            load::<DB>(&mut connection, stream.tenant_id, stream.aggregate_id).await.unwrap();
        assert_eq!(loaded.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(loaded[0].stream, stream);
        assert_eq!(loaded[0].event_type, "numbered");
        assert_eq!((loaded[0].event_version, loaded[1].event_version), (3, 1));
        assert_eq!(loaded[0].payload, json!({ "number": 1 }));
        let user = "00000000-0000-0000-0000-000000000000";
        assert_eq!(loaded[0].metadata, json!({ "userId": user, "cause": "a test" }));
        assert_eq!(loaded[0].created_by, user);
        assert!(loaded[0].id < loaded[1].id);
    }

    async fn a_stream_of_another_version_is_a_conflict(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let (stream, user) = (stream(), User::system());
        append::<DB>(&mut connection, &stream, 0, vec![event(1), event(2)], &user).await.unwrap();
        for expected_version in [0, 1, 3, 7] {
            let refused =
                append::<DB>(&mut connection, &stream, expected_version, vec![event(9)], &user).await;
            let Err(EventStoreError::VersionConflict { expected, actual, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!((expected, actual), (expected_version, 2));
        }
        let version =
            stream_version::<DB>(&mut connection, stream.tenant_id, stream.aggregate_id).await;
        assert_eq!(version.unwrap(), 2);
    }

    async fn tenants_have_streams_of_their_own(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let user = User::system();
        let other = Stream { tenant_id: Uuid::from_u128(9), ..stream() };
        append::<DB>(&mut connection, &stream(), 0, vec![event(1)], &user).await.unwrap();
        append::<DB>(&mut connection, &other, 0, vec![event(1)], &user).await.unwrap();
        // The other tenant's first event is no predecessor.
        let stranger = Stream { tenant_id: Uuid::from_u128(8), ..stream() };
        let refused = append::<DB>(&mut connection, &stranger, 1, vec![event(2)], &user).await;
        assert!(matches!(refused, Err(EventStoreError::VersionConflict { .. })), "{refused:?}");
    }

    async fn an_idempotency_key_counts_once_per_tenant(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let user = User::system();
        let keyed = || vec![event(1).idempotency_key("once")];
        append::<DB>(&mut connection, &stream(), 0, keyed(), &user).await.unwrap();
        let other = Stream { aggregate_id: Uuid::from_u128(7), ..stream() };
        let refused = append::<DB>(&mut connection, &other, 0, keyed(), &user).await;
        let Err(error @ EventStoreError::DuplicateIdempotencyKey { .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            error.to_string(),
            "an event with the idempotency key of numbered exists in tenant \
             00000000-0000-0000-0000-000000000001"
        );
    }

    // For some weeks the original wrote payloads and metadata so; it reads both.
    async fn json_inside_a_string_of_json_is_unwrapped(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let (stream, user) = (stream(), User::system());
        let stored = [
            (json!(r#"{"number":1}"#), json!({ "number": 1 })),
            (json!("[1]"), json!([1])),
            (json!(json!(r#"{"number":1}"#).to_string()), json!({ "number": 1 })),
            // These are what an app may have meant.
            (json!("a text"), json!("a text")),
            (json!("{a text}"), json!("{a text}")),
            (json!("42"), json!("42")),
            (json!("null"), json!("null")),
            (json!(r#""quoted""#), json!(r#""quoted""#)),
            (json!({ "text": "{}" }), json!({ "text": "{}" })),
        ];
        let events = stored.iter().map(|(payload, _)| NewEvent::new("noted", payload)).collect();
        append::<DB>(&mut connection, &stream, 0, events, &user).await.unwrap();
        let metadata = r#"UPDATE kumiko_events SET metadata = '"{\"userId\":\"u\"}"'"#;
        DB::run(&mut connection, metadata).await.unwrap();

        let loaded =
            load::<DB>(&mut connection, stream.tenant_id, stream.aggregate_id).await.unwrap();
        assert_eq!(loaded.len(), stored.len());
        for (event, (_, expected)) in loaded.iter().zip(stored) {
            assert_eq!(event.payload, expected);
            assert_eq!(event.metadata, json!({ "userId": "u" }));
        }
    }

    async fn an_unknown_stream_is_empty(database: &TestDatabase<DB>) {
        let mut connection = database.pool.acquire().await.unwrap();
        create_event_tables::<DB>(&mut connection).await.unwrap();
        let (tenant, aggregate) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(load::<DB>(&mut connection, tenant, aggregate).await.unwrap(), []);
        assert_eq!(stream_version::<DB>(&mut connection, tenant, aggregate).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_listener_is_notified_at_commit() {
    use kumiko_tests::database::Engine;
    use kumiko_tests::{app, note};

    let database = sqlx::Postgres::create().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&database.pool)
        .await
        .unwrap();
    listener.listen("kumiko_events_new").await.unwrap();
    app::runner(vec![note!("2026-01-01-a")])
        .apply(&database.pool)
        .await
        .unwrap();
    let notified = tokio::time::timeout(std::time::Duration::from_secs(10), listener.recv()).await;
    assert_eq!(notified.unwrap().unwrap().channel(), "kumiko_events_new");
    drop(listener);
    database.remove().await;
}

/// These are the app's, and the form in which a time is sent depends on them.
#[tokio::test]
async fn the_settings_of_a_session_do_not_reach_what_is_loaded() {
    use kumiko_tests::database::Engine;

    let database = sqlx::Postgres::create().await;
    let mut connection = database.pool.acquire().await.unwrap();
    create_event_tables::<sqlx::Postgres>(&mut connection)
        .await
        .unwrap();
    let (stream, user) = (stream(), User::system());
    append::<sqlx::Postgres>(&mut connection, &stream, 0, vec![event(1)], &user)
        .await
        .unwrap();
    let time = "UPDATE kumiko_events SET created_at = '2026-07-08 09:10:11.123Z'";
    sqlx::Postgres::run(&mut connection, time).await.unwrap();
    for settings in [
        "SET DateStyle = 'German'; SET TimeZone = 'Asia/Kolkata'",
        "SET DateStyle = 'SQL, DMY'; SET TimeZone = 'America/St_Johns'",
        "SET DateStyle = 'Postgres, MDY'; SET TimeZone = 'UTC'",
    ] {
        sqlx::Postgres::run(&mut connection, settings)
            .await
            .unwrap();
        let loaded =
            load::<sqlx::Postgres>(&mut connection, stream.tenant_id, stream.aggregate_id).await;
        assert_eq!(
            loaded.unwrap()[0].created_at.to_rfc3339(),
            "2026-07-08T09:10:11.123+00:00",
            "{settings}"
        );
    }
    drop(connection);
    database.remove().await;
}
