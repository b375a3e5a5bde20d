//! Streams that are migrated by seeds: to other tenants, ids and types, with other events, and back.

use kumiko_seeds::events::{
    ArchivedStreams, EventStoreError, MigrateResult, MigratedEvent, NewStreams, OldStream, Stream,
    Streams, User, archived_streams,
};
use kumiko_seeds::{EventChange, Seed, Side, StreamDiff, error_chain, json};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::migrations::{
    ID, NEW, OLD, append, apply, deposit, events, lines, moves, name, of_old, runner, stream,
    to_new_tenant, wallet, wrong,
};
use kumiko_tests::wallets::{Change, ROWS, handlers, prepare};
use kumiko_tests::{migration, on_both_databases, undoing};
use uuid::Uuid;

fn chosen() -> Streams {
    let ids = [1, 2, 3, 9].map(wallet);
    Streams::of("wallet").with_ids(ids).where_sql(
        "EXISTS (SELECT 1 FROM kumiko_events AS event WHERE event.tenant_id = stream.tenant_id
                 AND event.aggregate_id = stream.aggregate_id AND event.payload->>'name' = 'wallet 2')
         OR stream.tenant_id <> '00000000-0000-01d0-8000-000000000000' -- the old one",
    )
}

#[expect(clippy::unnecessary_wraps, reason = "as a migration has it")]
fn to_elsewhere(old: &OldStream, into: &mut NewStreams) -> MigrateResult {
    let tenant_id = Uuid::from_u128(5);
    let new = Stream {
        tenant_id,
        ..old.stream.clone()
    };
    into.stream(new).all(&old.events);
    Ok(())
}

/// Wallets of the old tenant, each with a deposit and a name.
async fn wallets<DB: Engine>(database: &TestDatabase<DB>, numbers: std::ops::Range<u128>) {
    prepare(database).await;
    for number in numbers {
        let first = deposit(number, 5)
            .idempotency_key(format!("key {number}"))
            .metadata("ip", "::1");
        let called = format!("wallet {number}");
        append(
            database,
            &stream(OLD, number),
            0,
            [first, name(number, &called)],
        )
        .await;
    }
    // Otherwise the times of the old events could be those of the new.
    let ago = "UPDATE kumiko_events SET created_at = '2025-02-03T04:05:06.789Z'";
    database.execute(ago).await;
}

async fn refused<DB: Engine>(database: &TestDatabase<DB>, seeds: Vec<Seed<DB>>) -> String {
    let stopped = runner(seeds).apply(&database.pool).await.unwrap_err();
    error_chain(&stopped.error).join(": ")
}

/// What is in the table of events, in all tenants.
async fn all<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let sql = "SELECT id || ' ' || CAST(tenant_id AS text) || CAST(aggregate_id AS text) || version || type || CAST(metadata AS text)
               FROM kumiko_events ORDER BY id";
    database.texts(sql).await
}

async fn archived<DB: Engine>(database: &TestDatabase<DB>) -> Vec<Stream> {
    let mut connection = database.pool.acquire().await.unwrap();
    let asked = ArchivedStreams::default();
    let archived = archived_streams::<DB>(&mut connection, &asked).await;
    archived.unwrap().into_iter().map(|it| it.stream).collect()
}

on_both_databases! {
    async fn to_another_tenant(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        let rows = database.texts(ROWS).await;
        let before = events(database, &stream(OLD, 2)).await;
        // Of the new tenant already, and of no concern.
        append(database, &stream(NEW, 7), 0, [deposit(7, 1)]).await;
        apply(database, vec![moves()]).await;

        let after = events(database, &stream(NEW, 2)).await;
        assert_eq!(after.len(), 2);
        for (number, (old, new)) in (1..).zip(before.iter().zip(&after)) {
            assert_eq!(new.stream, stream(NEW, 2));
            assert_eq!(new.version, number);
            assert!(new.id > before[1].id);
            let same = (&old.event_type, old.event_version, &old.payload, old.created_at, &old.created_by);
            assert_eq!((&new.event_type, new.event_version, &new.payload, new.created_at, &new.created_by), same);
        }
        assert!(after[0].id < after[1].id);
        assert_eq!(after[0].created_at.to_rfc3339(), "2025-02-03T04:05:06.789+00:00");
        assert_eq!(after[0].metadata, json!({
            "userId": "7b1e",
            "ip": "::1",
            "idempotencyKey": "key 2",
            "migratedFrom": { "tenantId": OLD, "aggregateType": "wallet", "aggregateId": wallet(2), "version": 1, "seed": ID },
        }));

        let closed = events(database, &stream(OLD, 2)).await;
        assert_eq!(closed[..2], before);
        assert_eq!((closed[2].version, closed[2].event_type.as_str()), (3, "kumiko:stream-migrated"));
        assert_eq!(closed[2].created_by, User::system().id);
        assert_eq!(closed[2].payload, json!({
            "seed": ID,
            "to": [{ "tenantId": NEW, "aggregateType": "wallet", "aggregateId": wallet(2), "version": 2 }],
        }));
        assert_eq!(archived(database).await, [1, 2, 3].map(|number| stream(OLD, number)));
        assert_eq!(database.text("SELECT DISTINCT reason FROM kumiko_archived_streams").await, format!("migrated by {ID}"));

        assert_eq!(database.texts(ROWS).await[..3], rows);
        assert_eq!((wrong(database, "wallets").await, wrong(database, "totals").await), (0, 0));
        let mut connection = database.pool.acquire().await.unwrap();
        let handlers = handlers::<DB>();
        let user = User::system();
        let late = handlers.append_events(&mut connection, &stream(OLD, 2), 3, [deposit(2, 1)], &user).await;
        assert!(matches!(late, Err(EventStoreError::StreamArchived { .. })), "{late:?}");
        drop(connection);
        append(database, &stream(NEW, 2), 2, [deposit(2, 1)]).await;
        assert_eq!(wrong(database, "wallets").await, 0);
        // What was done is not done again.
        let there = all(database).await;
        apply(database, vec![moves()]).await;
        assert_eq!(all(database).await, there);
    }

    async fn to_another_id_and_type(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        let to_purses = migration!("2026-03-01-moves", of_old(), |old, into| {
            let aggregate_id = Uuid::from_u128(old.stream.aggregate_id.as_u128() + 1);
            let new = Stream { aggregate_type: "purse".to_owned(), aggregate_id, ..old.stream.clone() };
            into.stream(new).all(&old.events);
            Ok(())
        });
        apply(database, vec![to_purses]).await;
        let purse = Stream {
            tenant_id: OLD,
            aggregate_type: "purse".to_owned(),
            aggregate_id: Uuid::from_u128(wallet(1).as_u128() + 1),
        };
        let moved = events(database, &purse).await;
        assert_eq!(lines(database, &purse).await, ["1 deposited 5", "2 named 0wallet 1"]);
        assert_eq!(moved[0].stream.aggregate_type, "purse");
        // The key is unique in the tenant, and the old event keeps it.
        assert_eq!(moved[0].metadata.get("idempotencyKey"), None);
        assert_eq!(moved[0].metadata["migratedFrom"]["idempotencyKey"], "key 1");
        // No projection takes purses.
        assert_eq!(database.texts(ROWS).await, [""; 0]);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    /// The new streams are of those that are looked for, and come after the old ones.
    async fn what_it_has_written_is_not_migrated_again(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        let onwards = migration!("2026-03-01-moves", Streams::of("wallet"), |old, into| {
            let aggregate_id = Uuid::from_u128(old.stream.aggregate_id.as_u128() + 1);
            into.stream(Stream { aggregate_id, ..old.stream.clone() }).all(&old.events);
            Ok(())
        });
        let one_by_one = runner(vec![onwards]).step_size(1..=1);
        let report = one_by_one.apply(&database.pool).await.unwrap();
        // Each two events and the closing one.
        assert_eq!(report.applied[0].events, 9);
        assert_eq!(all(database).await.len(), 15);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    async fn events_are_renamed_changed_split_merged_and_dropped(database: &TestDatabase<DB>) {
        wallets(database, 1..2).await;
        let more = [deposit(1, 10).idempotency_key("ten"), deposit(1, 4), name(1, "gone"), deposit(1, 6).event_version(2)];
        append(database, &stream(OLD, 1), 2, more).await;
        let reworks = migration!("2026-03-01-moves", of_old(), |old, into| {
            let mut new = into.stream(Stream { tenant_id: NEW, ..old.stream.clone() });
            let [first, named, ten, four, _, six] = &old.events[..] else {
                return Err("there are six".into());
            };
            new.keep(first);
            new.append(MigratedEvent::of(named).event_type("renamed"));
            for half in [3, 7] {
                let change = Change::deposit(first.stream.aggregate_id, half);
                new.append(MigratedEvent::of(ten).payload(change));
            }
            let change = Change::deposit(first.stream.aggregate_id, 10);
            new.append(MigratedEvent::of(four).and(six).payload(change).event_version(3).metadata("why", "merged").without_metadata("userId"));
            Ok(())
        });
        apply(database, vec![reworks]).await;
        assert_eq!(
            lines(database, &stream(NEW, 1)).await,
            ["1 deposited 5", "2 renamed 0wallet 1", "3 deposited 3", "4 deposited 7", "5 deposited 10"]
        );
        let new = events(database, &stream(NEW, 1)).await;
        let from = |index: usize| new[index].metadata["migratedFrom"].clone();
        assert_eq!([0, 1, 2, 3, 4].map(|index| from(index)["version"].clone()), [1, 2, 3, 3, 4].map(|version| json!(version)));
        assert_eq!(from(4)["versions"], json!([4, 6]));
        assert_eq!(new[4].event_version, 3);
        assert_eq!((&new[4].metadata["why"], new[4].metadata.get("userId")), (&json!("merged"), None));
        // One of two halves has the key.
        assert_eq!((&new[2].metadata["idempotencyKey"], new[3].metadata.get("idempotencyKey")), (&json!("ten"), None));
        assert_eq!(from(3)["idempotencyKey"], "ten");
        assert_eq!(wrong(database, "wallets").await, 0);
        assert_eq!(database.texts(ROWS).await, [format!("{} 25 4 -", wallet(1))]);
    }

    async fn one_stream_becomes_several_or_none(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        let splits = migration!("2026-03-01-moves", of_old(), |old, into| {
            if old.stream.aggregate_id == wallet(1) {
                for (number, event) in (11..).zip(&old.events) {
                    into.stream(stream(NEW, number)).keep(event);
                }
            }
            Ok(())
        });
        apply(database, vec![splits]).await;
        assert_eq!(lines(database, &stream(NEW, 11)).await, ["1 deposited 5"]);
        assert_eq!(lines(database, &stream(NEW, 12)).await, ["1 named 0wallet 1"]);
        let closed = events(database, &stream(OLD, 1)).await;
        assert_eq!(closed[2].payload["to"].as_array().unwrap().len(), 2);
        let closed = events(database, &stream(OLD, 2)).await;
        assert_eq!(closed[2].payload, json!({ "seed": ID, "to": [] }));
        assert_eq!(wrong(database, "wallets").await, 0);
        let undoes = undoing!("2026-03-02-undoes", "2026-03-01-moves");
        apply(database, vec![undoes]).await;
        assert_eq!(all(database).await.len(), 4);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    async fn some_are_chosen(database: &TestDatabase<DB>) {
        wallets(database, 1..6).await;
        append(database, &stream(NEW, 9), 0, [deposit(9, 1)]).await;
        let seeds = vec![migration!("2026-03-01-moves", chosen(), to_elsewhere)];
        let tried = runner(seeds.clone()).dry_run(&database.pool).await.unwrap();
        assert_eq!(tried.seeds[0].estimate.unwrap().total, Some(2));
        apply(database, seeds).await;
        assert_eq!(archived(database).await, [stream(OLD, 2), stream(NEW, 9)]);
        // What is archived is over.
        let none = vec![migration!("2026-03-02-moves", chosen().in_tenant(OLD), to_elsewhere)];
        apply(database, none).await;
        assert_eq!(archived(database).await.len(), 2);
    }

    async fn a_new_stream_has_to_be_new(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        append(database, &stream(NEW, 2), 0, [deposit(2, 1)]).await;
        let before = (all(database).await, database.texts(ROWS).await);
        let said = refused(database, vec![moves()]).await;
        let expected = format!(
            "stream wallet {0} of tenant {OLD} was to become stream wallet {0} of tenant {NEW}, and that one has events already",
            wallet(2)
        );
        assert!(said.contains(&expected), "{said}");
        // Two into one.
        let merges = migration!("2026-03-01-merges", of_old(), |old, into| {
            into.stream(stream(NEW, 8)).all(&old.events);
            Ok(())
        });
        let said = refused(database, vec![merges]).await;
        assert!(said.contains("and that one has events already"), "{said}");
        let stays = migration!("2026-03-01-stays", of_old(), |old, into| {
            into.stream(Stream { aggregate_type: "purse".to_owned(), ..old.stream.clone() }).all(&old.events);
            Ok(())
        });
        let said = refused(database, vec![stays]).await;
        assert!(said.contains("is kept, so what becomes of it has to have another tenant or another id"), "{said}");
        assert_eq!((all(database).await, database.texts(ROWS).await), before);
        assert_eq!(archived(database).await, []);
    }

    async fn an_error_of_migrate_undoes_the_step(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        let before = (all(database).await, database.texts(ROWS).await);
        let fails = migration!("2026-03-01-moves", of_old(), |old: &OldStream, into: &mut NewStreams| {
            to_new_tenant(old, into)?;
            if old.stream.aggregate_id == wallet(3) {
                return Err("there is no such tenant".into());
            }
            Ok(())
        });
        let said = refused(database, vec![fails]).await;
        let expected = format!("stream wallet {} of tenant {OLD} could not be migrated: there is no such tenant", wallet(3));
        assert!(said.contains(&expected), "{said}");
        assert_eq!((all(database).await, database.texts(ROWS).await), before);
        let no_json = migration!("2026-03-01-moves", of_old(), |old: &OldStream, into: &mut NewStreams| {
            let unwritable = std::collections::HashMap::from([(vec![1], 1)]);
            into.stream(stream(NEW, 8)).append(MigratedEvent::of(&old.events[0]).payload(unwritable));
            Ok(())
        });
        let said = refused(database, vec![no_json]).await;
        assert!(said.contains("the payload of deposited is not JSON"), "{said}");
        assert_eq!((all(database).await, database.texts(ROWS).await), before);
    }

    async fn a_migration_is_undone_by_a_later_seed(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        let before = (all(database).await, database.texts(ROWS).await);
        apply(database, vec![moves()]).await;
        assert_eq!(all(database).await.len(), 15);
        let undoes = || undoing!("2026-03-02-undoes", "2026-03-01-moves");
        append(database, &stream(NEW, 2), 2, [deposit(2, 1)]).await;
        let there = all(database).await;
        let said = refused(database, vec![moves(), undoes()]).await;
        let expected = format!(
            "the migration by {ID} of stream wallet {0} of tenant {OLD} cannot be undone, because stream wallet {0} of tenant {NEW} \
             has got 1 event since",
            wallet(2)
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(all(database).await, there);
        database.execute("DELETE FROM kumiko_events WHERE version = 3 AND type = 'deposited'").await;
        runner(vec![moves(), undoes()]).step_size(1..=2).apply(&database.pool).await.unwrap();
        assert_eq!((all(database).await, database.texts(ROWS).await), before);
        assert_eq!(archived(database).await, []);
        assert_eq!(wrong(database, "wallets").await, 0);
        // And then it can be done otherwise.
        apply(database, vec![migration!("2026-03-03-moves", of_old(), to_new_tenant)]).await;
        assert_eq!(lines(database, &stream(NEW, 2)).await.len(), 2);
    }

    async fn snapshots_of_the_old_stream_go(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        for number in [1, 2, 9] {
            let snapshot = format!(
                "INSERT INTO kumiko_snapshots (aggregate_id, tenant_id, aggregate_type, version, state)
                 VALUES ('{}', '{OLD}', 'wallet', 2, '{{}}')",
                wallet(number)
            );
            database.execute(&snapshot).await;
        }
        apply(database, vec![moves()]).await;
        let left = database.texts("SELECT CAST(aggregate_id AS text) FROM kumiko_snapshots").await;
        assert_eq!(left, [wallet(9).to_string()]);
    }

    async fn consumers_that_are_behind_are_told_of(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        append(database, &stream(NEW, 7), 0, [deposit(7, 1)]).await;
        database.execute(
            "CREATE TABLE kumiko_event_consumers (
                 name text NOT NULL, instance_id text NOT NULL DEFAULT '__shared__',
                 last_processed_event_id bigint NOT NULL DEFAULT 0, status text NOT NULL DEFAULT 'idle');
             INSERT INTO kumiko_event_consumers VALUES
                 ('search', '__shared__', 4, 'idle'), ('sse', 'web-1', 2, 'dead'),
                 ('off', '__shared__', 0, 'disabled'), ('mail', '__shared__', 6, 'processing')"
        ).await;
        let said = refused(database, vec![moves()]).await;
        assert!(said.contains("search (at event 4), sse of web-1 (at event 2) have not read the streams up to event 6; wait"), "{said}");
        assert_eq!(archived(database).await, []);
        let all_the_same = migration!("2026-03-01-moves", of_old().even_if_unread(), to_new_tenant);
        runner(vec![all_the_same]).dry_run(&database.pool).await.unwrap();
        database.execute("UPDATE kumiko_event_consumers SET last_processed_event_id = 6").await;
        apply(database, vec![moves()]).await;
    }

    async fn a_dry_run_shows_the_new_events(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        let before = all(database).await;
        let tried = runner(vec![moves()]).dry_run(&database.pool).await.unwrap();
        let line = |event: &kumiko_seeds::AppendedEvent| {
            let made_of = event.made_of.as_ref().map(|old| format!("{} {}", old.event_type, old.version));
            let tenant = event.tenant_id.as_deref().unwrap();
            format!("{} {} {tenant} {}", event.event_type, event.version, made_of.unwrap_or_default())
        };
        let shown: Vec<String> = tried.seeds[0].events.iter().map(line).collect();
        let of_one = [
            format!("kumiko:stream-migrated 3 {OLD} "),
            format!("deposited 1 {NEW} deposited 1"),
            format!("named 2 {NEW} named 2"),
        ];
        assert_eq!(shown, [of_one.clone(), of_one].concat());
        assert_eq!(all(database).await, before);
    }

    async fn a_dry_run_counts_all_streams_and_shows_a_diff_of_the_first(database: &TestDatabase<DB>) {
        wallets(database, 1..6).await;
        let more = [deposit(1, 3).event_version(2), deposit(1, 4), deposit(1, 6), name(1, "x").metadata("ip", "::1")];
        append(database, &stream(OLD, 1), 2, more).await;
        let reworks = migration!("2026-03-01-moves", of_old(), |old, into| {
            let mut new = into.stream(Stream { tenant_id: NEW, ..old.stream.clone() });
            let [first, named, rest @ ..] = &old.events[..] else { return Err("there are two".into()) };
            // It says what the old one says.
            new.append(MigratedEvent::of(first).payload(&first.payload));
            if let [three, four, six, last] = rest {
                new.keep(three);
                for half in [1, 3] {
                    new.append(MigratedEvent::of(four).payload(Change::deposit(old.stream.aggregate_id, half)));
                }
                new.keep(six);
                new.keep(six);
                new.append(MigratedEvent::of(last).without_metadata("ip"));
            } else {
                new.append(MigratedEvent::of(named).event_type("renamed").event_version(2));
            }
            Ok(())
        });
        let runs = || runner(vec![reworks]).step_size(1..=2);
        let tried = runs().dry_run(&database.pool).await.unwrap();
        let migration = tried.seeds[0].migration.as_ref().unwrap();
        assert_eq!((migration.streams, migration.events), (5, 14));
        let [first, second, _] = &migration.diffs[..] else { panic!("{migration:?}") };
        let of = |tenant: Uuid, number| format!("wallet {} of tenant {tenant}", wallet(number));
        let becomes: Vec<String> = first.becomes.iter().map(ToString::to_string).collect();
        assert_eq!((first.stream.to_string(), becomes, first.kept, first.left_out), (of(OLD, 1), vec![of(NEW, 1)], 3, 0));
        assert_eq!(
            changes(first),
            [
                format!("- {OLD} 2 named v1 name wallet 1"),
                format!("- {OLD} 4 deposited v1 4"),
                format!("+ {NEW} 3 deposited v1 1"),
                format!("+ {NEW} 4 deposited v1 3"),
                format!("+ {NEW} 6 deposited v1 6"),
                format!("- {OLD} 6 named v1 name x {{\"ip\":\"::1\",\"userId\":\"7b1e\"}}"),
                format!("+ {NEW} 7 named v1 name x {{\"userId\":\"7b1e\"}}"),
            ]
        );
        assert_eq!(second.kept, 1);
        assert_eq!(changes(second), [format!("- {OLD} 2 named v1 name wallet 2"), format!("+ {NEW} 2 renamed v2 name wallet 2")]);

        // What is done already is not to be done any more.
        runs().apply(&database.pool).await.unwrap();
        let none = migration!("2026-03-02-moves", of_old(), to_elsewhere);
        let tried = runner(vec![none]).dry_run(&database.pool).await.unwrap();
        let migration = tried.seeds[0].migration.as_ref().unwrap();
        assert_eq!((migration.streams, migration.events, migration.diffs.len()), (0, 0, 0));
        let no_migration = vec![undoing!("2026-03-02-undoes", "2026-03-01-moves")];
        let tried = runner(no_migration).dry_run(&database.pool).await.unwrap();
        assert_eq!(tried.seeds[0].migration, None);
    }

    async fn a_dry_run_of_one_under_way_counts_what_is_left(database: &TestDatabase<DB>) {
        wallets(database, 1..5).await;
        append(database, &stream(OLD, 4), 2, [deposit(4, 1)]).await;
        let seeds = vec![migration!("2026-03-01-stays", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            if old.stream.aggregate_id == wallet(3) && old.events[0].payload["amount"] == 5 {
                return Err("not this one".into());
            }
            into.stream(old.stream.clone()).all(&old.events);
            Ok(())
        })];
        let stopped = runner(seeds.clone()).step_size(1..=1).apply(&database.pool).await;
        stopped.unwrap_err();
        database.execute(&format!(
            "UPDATE kumiko_events SET payload = '{}' WHERE id = 5", json!(Change::deposit(wallet(3), 7))
        )).await;
        let tried = runner(seeds).step_size(1..=1).dry_run(&database.pool).await.unwrap();
        let migration = tried.seeds[0].migration.as_ref().unwrap();
        assert_eq!((migration.streams, migration.events), (2, 5));
        let [first, _] = &migration.diffs[..] else { panic!("{migration:?}") };
        assert_eq!(first.becomes, std::slice::from_ref(&first.stream));
        assert_eq!((first.kept, first.changes.len()), (2, 0));
    }

    async fn a_diff_of_a_long_stream_is_short(database: &TestDatabase<DB>) {
        prepare(database).await;
        append(database, &stream(OLD, 1), 0, (0..15).map(|number| name(1, &format!("{number}")))).await;
        let renames = migration!("2026-03-01-renames", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            let mut new = into.stream(old.stream.clone());
            for event in &old.events {
                new.append(MigratedEvent::of(event).event_type("renamed"));
            }
            Ok(())
        });
        let tried = runner(vec![renames]).dry_run(&database.pool).await.unwrap();
        let diff = &tried.seeds[0].migration.as_ref().unwrap().diffs[0];
        assert_eq!((diff.changes.len(), diff.left_out), (20, 10));
    }

    async fn undoing_what_nobody_has_done_is_an_error(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        let wrong = || undoing!("2026-03-02-undoes", "2026-03-01-moved");
        let said = refused(database, vec![moves(), wrong()]).await;
        assert!(said.contains("there is nothing of 2026-03-01-moved to be undone: no stream says"), "{said}");
        assert!(said.contains("does not have it as applied"), "{said}");
        // Neither is it done too early.
        let early = runner(vec![undoing!("2026-03-02-undoes", "2026-04-01-moves")]).dry_run(&database.pool).await;
        early.unwrap_err();
        let undoes = || undoing!("2026-03-02-undoes", ID);
        apply(database, vec![moves(), undoes()]).await;
        // That it is undone already is no mistake.
        apply(database, vec![undoing!("2026-03-03-undoes", ID)]).await;
    }

    async fn undoing_what_has_found_nothing_is_nothing(database: &TestDatabase<DB>) {
        wallets(database, 1..1).await;
        runner(vec![moves()]).app("billing").apply(&database.pool).await.unwrap();
        let undoes = || runner(vec![moves(), undoing!("2026-03-02-undoes", ID)]);
        // Another app's is not it.
        let others = runner(vec![undoing!("2026-03-02-undoes", ID)]).app("shop");
        others.apply(&database.pool).await.unwrap_err();
        undoes().app("billing").apply(&database.pool).await.unwrap();
    }

    async fn undoing_what_was_done_in_place_is_an_error(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        let renames = migration!("2026-03-01-renames", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            into.stream(old.stream.clone()).append(MigratedEvent::of(&old.events[0]).event_type("renamed"));
            Ok(())
        });
        let said = refused(database, vec![renames, undoing!("2026-03-02-undoes", "2026-03-01-renames")]).await;
        assert!(said.contains("none of its old streams is left, because it wrote them anew in place"), "{said}");
    }

    async fn in_place_nothing_is_left_of_a_payload(database: &TestDatabase<DB>) {
        wallets(database, 1..4).await;
        append(database, &stream(OLD, 2), 2, [name(2, "Marker Person"), deposit(2, 1)]).await;
        database.execute(&format!(
            "INSERT INTO kumiko_snapshots (aggregate_id, tenant_id, aggregate_type, version, state)
             VALUES ('{}', '{OLD}', 'wallet', 3, '{{\"name\": \"Marker Person\"}}')",
            wallet(2)
        )).await;
        let letters = if DB::NAME == "PostgreSQL" { "" } else { "id INTEGER PRIMARY KEY," };
        for (table, payload) in [("kumiko_rebuild_dead_letters", "payload"), ("kumiko_upcaster_dead_letters", "original_payload")] {
            database.execute(&format!(
                "CREATE TABLE {table} ({letters} projection_name text, event_id text, tenant_id {uuid}, aggregate_id text,
                     aggregate_type text, event_type text, error_message text, {payload} text, created_at text);
                 INSERT INTO {table} (projection_name, event_id, tenant_id, aggregate_id, {payload})
                 VALUES ('others', '7', '{OLD}', '{id}', 'Marker Person'), ('others', '8', '{OLD}', '{id}', 'another'),
                        ('others', '99', '{OLD}', '{id}', 'Marker Person'), ('others', '7', '{NEW}', '{id}', 'another tenant')",
                id = wallet(2),
                uuid = if DB::NAME == "PostgreSQL" { "uuid" } else { "text" },
            )).await;
        }
        let forgets = migration!("2026-03-01-forgets", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            let mut new = into.stream(old.stream.clone());
            new.all(old.events.iter().filter(|event| event.payload["name"] != "Marker Person"));
            Ok(())
        });
        if DB::NAME == "PostgreSQL" {
            // Those of projections have a number that it gives by itself.
            database.execute("ALTER TABLE kumiko_rebuild_dead_letters ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY").await;
        }
        let ids: Vec<i64> = events(database, &stream(OLD, 2)).await.iter().map(|event| event.id).collect();
        let others = events(database, &stream(OLD, 1)).await;
        apply(database, vec![forgets]).await;

        assert_eq!(lines(database, &stream(OLD, 2)).await, ["1 deposited 5", "2 named 0wallet 2", "3 deposited 1"]);
        let after = events(database, &stream(OLD, 2)).await;
        // What is kept keeps its id, so that no consumer gets it again.
        assert_eq!([0, 1, 2].map(|index| after[index].id), [ids[0], ids[1], ids[3]]);
        assert_eq!(after[0].metadata, json!({ "userId": "7b1e", "ip": "::1", "idempotencyKey": "key 2" }));
        assert_eq!(after[0].created_at.to_rfc3339(), "2025-02-03T04:05:06.789+00:00");
        assert_eq!(events(database, &stream(OLD, 1)).await, others);
        assert_eq!(wrong(database, "wallets").await, 0);
        assert_eq!(occurrences(database, "Marker Person").await, [""; 0]);
        for table in ["kumiko_rebuild_dead_letters", "kumiko_upcaster_dead_letters"] {
            let left = database.texts(&format!("SELECT event_id || CAST(tenant_id AS text) FROM {table} ORDER BY 1")).await;
            assert_eq!(left, [format!("7{NEW}"), format!("8{OLD}")]);
        }
        append(database, &stream(OLD, 2), 3, [deposit(2, 1)]).await;
    }

    async fn in_place_events_keep_their_ids_as_long_as_ids_ascend(database: &TestDatabase<DB>) {
        wallets(database, 1..2).await;
        append(database, &stream(OLD, 1), 2, [deposit(1, 10), deposit(1, 4)]).await;
        let last: i64 = 4;
        let reworks = migration!("2026-03-01-reworks", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            let [first, named, ten, four] = &old.events[..] else { return Err("there are four".into()) };
            let mut new = into.stream(Stream { aggregate_type: "wallet".to_owned(), ..old.stream.clone() });
            new.append(MigratedEvent::of(first).payload(Change::deposit(old.stream.aggregate_id, 6)));
            new.keep(named);
            new.append(MigratedEvent::of(ten).payload(Change::deposit(old.stream.aggregate_id, 1)));
            new.append(MigratedEvent::of(ten).payload(Change::deposit(old.stream.aggregate_id, 9)));
            new.keep(four);
            Ok(())
        });
        apply(database, vec![reworks]).await;
        assert_eq!(
            lines(database, &stream(OLD, 1)).await,
            ["1 deposited 6", "2 named 0wallet 1", "3 deposited 1", "4 deposited 9", "5 deposited 4"]
        );
        let after = events(database, &stream(OLD, 1)).await;
        let ids: Vec<i64> = after.iter().map(|event| event.id).collect();
        assert_eq!(ids[..3], [1, 2, 3]);
        assert!(ids[3] > last && ids[4] > ids[3], "{ids:?}");
        // In place it goes on guarding.
        assert_eq!(after[0].metadata["idempotencyKey"], "key 1");
        assert_eq!(after[0].metadata["migratedFrom"]["version"], 1);
        assert_eq!(after[1].metadata.get("migratedFrom"), None);
        assert_eq!(after[4].metadata["migratedFrom"]["version"], 4);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    async fn in_place_events_in_another_order_get_new_ids(database: &TestDatabase<DB>) {
        wallets(database, 1..2).await;
        append(database, &stream(OLD, 1), 2, [deposit(1, 10)]).await;
        let turns = migration!("2026-03-01-turns", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            into.stream(old.stream.clone()).all([&old.events[1], &old.events[0], &old.events[2]]);
            Ok(())
        });
        apply(database, vec![turns]).await;
        assert_eq!(lines(database, &stream(OLD, 1)).await, ["1 named 0wallet 1", "2 deposited 5", "3 deposited 10"]);
        let ids: Vec<i64> = events(database, &stream(OLD, 1)).await.iter().map(|event| event.id).collect();
        assert!(ids[0] == 2 && ids[1] > 3 && ids[2] > ids[1], "{ids:?}");
    }

    async fn in_place_an_archived_stream_is_rewritten_and_another_one_not_made(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        apply(database, vec![moves()]).await;
        let elsewhere = migration!("2026-03-02-elsewhere", of_old().in_place(), to_new_tenant);
        let said = refused(database, vec![elsewhere]).await;
        assert!(said.contains("is written anew in place, so it cannot become stream wallet"), "{said}");
        let another_type = migration!("2026-03-02-another-type", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            into.stream(Stream { aggregate_type: "purse".to_owned(), ..old.stream.clone() }).all(&old.events);
            Ok(())
        });
        let said = refused(database, vec![another_type]).await;
        assert!(said.contains("is archived, so its aggregate type cannot be changed"), "{said}");
        let forgets = migration!("2026-03-02-forgets", Streams::of("wallet").in_place(), |old: &OldStream, into: &mut NewStreams| {
            let mut new = into.stream(old.stream.clone());
            for event in old.events.iter().filter(|event| event.event_type != "named") {
                new.append(MigratedEvent::of(event).without_metadata("ip"));
            }
            Ok(())
        });
        apply(database, vec![forgets]).await;
        assert_eq!(occurrences(database, "wallet 1").await, [""; 0]);
        assert_eq!(occurrences(database, "::1").await, [""; 0]);
        assert_eq!(lines(database, &stream(OLD, 1)).await, ["1 deposited 5", "2 kumiko:stream-migrated 0"]);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    async fn in_place_a_type_is_changed_and_a_stream_is_removed(database: &TestDatabase<DB>) {
        wallets(database, 1..3).await;
        let changes = migration!("2026-03-01-changes", of_old().in_place(), |old: &OldStream, into: &mut NewStreams| {
            if old.stream.aggregate_id == wallet(1) {
                into.stream(Stream { aggregate_type: "purse".to_owned(), ..old.stream.clone() }).all(&old.events);
            }
            Ok(())
        });
        apply(database, vec![changes]).await;
        let purse = events(database, &stream(OLD, 1)).await;
        assert!(purse.iter().all(|event| event.stream.aggregate_type == "purse"), "{purse:?}");
        assert_eq!(purse[0].metadata["migratedFrom"]["aggregateType"], "wallet");
        assert_eq!(lines(database, &stream(OLD, 2)).await, [""; 0]);
        assert_eq!(database.texts(ROWS).await, [""; 0]);
        assert_eq!(wrong(database, "wallets").await, 0);
    }

    /// More than go in a statement.
    async fn a_long_stream_is_migrated_as_well(database: &TestDatabase<DB>) {
        prepare(database).await;
        let events = (0..2_500).map(|number| name(1, &format!("{number}")));
        append(database, &stream(OLD, 1), 0, events).await;
        apply(database, vec![moves()]).await;
        let there = lines(database, &stream(NEW, 1)).await;
        assert_eq!((there.len(), there[2_499].as_str()), (2_500, "2500 named 02499"));
    }

    /// Numbers that a program would round, and texts that would end a statement.
    async fn what_is_kept_is_kept_to_the_last_digit(database: &TestDatabase<DB>) {
        prepare(database).await;
        let payload = r#"{"n": 12345678901234567890.123456789012345678901, "t": "it's \\ \"$1\" 役割", "z": null}"#;
        let quoted = payload.replace('\'', "''");
        database.execute(&format!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
             VALUES ('{}', 'it''s a \"bag\"', '{OLD}', 1, 'x', '{quoted}', '{{}}', 'o''brien')",
            wallet(1)
        )).await;
        let moves = migration!("2026-03-01-moves", Streams::of("it's a \"bag\""), to_new_tenant);
        apply(database, vec![moves]).await;
        let payloads = database.texts(
            "SELECT replace(CAST(payload AS text), ': ', ':') FROM kumiko_events WHERE type = 'x' ORDER BY id").await;
        assert_eq!(payloads.len(), 2);
        assert_eq!(payloads[0].replace(", ", ","), payloads[1].replace(", ", ","));
        let new = events(database, &Stream { tenant_id: NEW, ..stream(NEW, 1) }).await;
        assert_eq!((new[0].stream.aggregate_type.as_str(), new[0].created_by.as_str()), ("it's a \"bag\"", "o'brien"));
    }
}

/// The changes of a stream, one a line.
fn changes(diff: &StreamDiff) -> Vec<String> {
    let line = |change: &EventChange| {
        let Change { amount, name, .. } = serde_json::from_str(&change.payload).unwrap();
        let said = if name.is_empty() {
            amount.to_string()
        } else {
            format!("name {name}")
        };
        let (sign, event) = (
            if change.side == Side::Removed {
                '-'
            } else {
                '+'
            },
            &change.event,
        );
        let tenant = event.tenant_id.as_deref().unwrap();
        let metadata = change.metadata.as_ref().map(|text| format!(" {text}"));
        let metadata = metadata.unwrap_or_default();
        format!(
            "{sign} {tenant} {} {} v{} {said}{metadata}",
            event.version, event.event_type, change.event_version
        )
    };
    diff.changes.iter().map(line).collect()
}

/// The tables and columns of the database in which a text is.
async fn occurrences<DB: Engine>(database: &TestDatabase<DB>, text: &str) -> Vec<String> {
    let columns = if DB::NAME == "PostgreSQL" {
        "SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
    } else {
        "SELECT tables.name || ' ' || columns.name FROM sqlite_schema AS tables, pragma_table_xinfo(tables.name) AS columns
         WHERE tables.type = 'table'"
    };
    let mut found = Vec::new();
    for place in database.texts(columns).await {
        let (table, column) = place.split_once(' ').unwrap();
        let sql = format!(
            "SELECT '{place}' FROM {table} WHERE CAST(\"{column}\" AS text) LIKE '%{text}%'"
        );
        found.extend(database.texts(&sql).await);
    }
    found
}
