//! Snapshots of aggregates: a shortcut to what the events say, and never anything else.

use kumiko_seeds::events::{
    Access, Aggregate, AggregateResult, EventStoreError, HandlerResult, Handlers, NewEvent, Part,
    StoredEvent, Stream, Upcasters, User, WriteContext, forget_snapshots,
};
use kumiko_seeds::{RunSeed, error_chain, json};
use kumiko_tests::app::{self, id};
use kumiko_tests::database::{Engine, TestDatabase};
use kumiko_tests::on_both_databases;
use kumiko_tests::proxy::Proxy;
use kumiko_tests::seeds::seed;
use serde::{Deserialize, Serialize};
use sqlx::Postgres;
use sqlx::pool::PoolOptions;
use uuid::Uuid;

use crate::role::Role;

pub(crate) const TENANT: Uuid = Uuid::from_u128(1);
const OTHER_TENANT: Uuid = Uuid::from_u128(2);

/// What handlers know of an account. `VERSION` is that of its state, and a snapshot is made every three events.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Account<const VERSION: i32> {
    balance: i64,
    /// What PostgreSQL could change on the way.
    note: String,
}

impl<const VERSION: i32> Aggregate for Account<VERSION> {
    const SNAPSHOT_EVERY: Option<u32> = Some(3);
    const SNAPSHOT_VERSION: i32 = VERSION;

    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        self.balance += event.payload["amount"].as_i64().ok_or("no amount")?;
        if let Some(note) = event.payload["note"].as_str() {
            note.clone_into(&mut self.note);
        }
        Ok(())
    }
}

/// The same without snapshots.
#[derive(Default, Serialize, Deserialize)]
struct Plain(Account<1>);

impl Aggregate for Plain {
    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        self.0.apply(event)
    }
}

/// A state of another shape under the same version.
#[derive(Default, Serialize, Deserialize)]
struct Reshaped {
    sum: i64,
}

impl Aggregate for Reshaped {
    const SNAPSHOT_EVERY: Option<u32> = Some(3);

    fn apply(&mut self, event: &StoredEvent) -> AggregateResult {
        self.sum += event.payload["amount"].as_i64().unwrap_or_default();
        Ok(())
    }
}

/// A state that JSON cannot keep, or PostgreSQL.
#[derive(Default, Serialize, Deserialize)]
struct Unkept {
    zero: String,
}

impl Aggregate for Unkept {
    const SNAPSHOT_EVERY: Option<u32> = Some(1);

    fn apply(&mut self, _: &StoredEvent) -> AggregateResult {
        "\0".clone_into(&mut self.zero);
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Deposits {
    pub(crate) account: String,
    pub(crate) amounts: Vec<i64>,
    pub(crate) note: Option<String>,
}

pub(crate) fn deposits(account: &str, amounts: &[i64]) -> Deposits {
    Deposits {
        account: account.to_owned(),
        amounts: amounts.to_vec(),
        note: None,
    }
}

/// Appends, and says what the account was like before.
async fn deposit<DB: Engine>(
    mut write: WriteContext<'_, DB>,
    deposits: Deposits,
) -> HandlerResult<(i64, i32)> {
    let stream = write.stream("account", id(&deposits.account));
    let (account, version) = write.load_aggregate::<Account<1>>(&stream).await?;
    let note = &deposits.note;
    let event = |amount: &i64| {
        NewEvent::new("deposited", json!({ "amount": amount, "note": note })).event_version(2)
    };
    let events = deposits.amounts.iter().map(event);
    write.append(&stream, version, events).await?;
    Ok((account.balance, version))
}

/// Does the same and then fails.
async fn fail<DB: Engine>(write: WriteContext<'_, DB>, deposits: Deposits) -> HandlerResult {
    deposit(write, deposits).await?;
    Err("no".into())
}

async fn state<DB: Engine, A: Aggregate>(
    mut write: WriteContext<'_, DB>,
    account: String,
) -> HandlerResult<(A, i32)> {
    let stream = write.stream("account", id(&account));
    Ok(write.load_aggregate::<A>(&stream).await?)
}

pub(crate) fn handlers<DB: Engine>() -> Handlers<DB> {
    let open = || Access::OpenToAll;
    Handlers::new()
        .register("accounts:write:deposit", open(), deposit::<DB>)
        .register("accounts:write:fail", open(), fail::<DB>)
        .register("accounts:write:one", open(), state::<DB, Account<1>>)
        .register("accounts:write:two", open(), state::<DB, Account<2>>)
        .register("accounts:write:plain", open(), state::<DB, Plain>)
        .register("accounts:write:reshaped", open(), state::<DB, Reshaped>)
        .register("accounts:write:unkept", open(), state::<DB, Unkept>)
        // Version 1 counted in hundreds.
        .upcasters(Upcasters::new().step("deposited", 1, |payload| {
            let amount = payload["amount"].as_i64().ok_or("no amount")?;
            Ok(json!({ "amount": amount * 100 }))
        }))
}

pub(crate) fn user() -> User {
    User::new("edith", [""; 0])
}

pub(crate) async fn create_tables<DB: Engine>(database: &TestDatabase<DB>) {
    let mut connection = database.pool.acquire().await.unwrap();
    app::create_tables::<DB>(&mut connection).await.unwrap();
}

/// What the handler `name` answers in a tenant.
pub(crate) async fn ask<DB: Engine>(
    database: &TestDatabase<DB>,
    tenant: Uuid,
    name: &str,
    payload: impl Serialize,
) -> String {
    let handlers = handlers::<DB>();
    let write = handlers.write_as(user(), name, payload).in_tenant(tenant);
    write
        .commit(&database.pool)
        .await
        .unwrap()
        .output
        .to_string()
}

/// Makes deposits, and gives balance and version before.
async fn given<DB: Engine>(database: &TestDatabase<DB>, tenant: Uuid, amounts: &[i64]) -> String {
    ask(
        database,
        tenant,
        "accounts:write:deposit",
        deposits("a", amounts),
    )
    .await
}

async fn balance<DB: Engine>(database: &TestDatabase<DB>, tenant: Uuid, name: &str) -> String {
    ask(database, tenant, name, "a").await
}

/// Tenant, version, version of the state and balance of each snapshot.
pub(crate) async fn snapshots<DB: Engine>(database: &TestDatabase<DB>) -> Vec<String> {
    let sql = "SELECT CAST(tenant_id AS text) || ' ' || version || ' ' || snapshot_version || ' ' || (state->>'balance')
               FROM kumiko_snapshots ORDER BY tenant_id, version";
    let snapshots = database.texts(sql).await;
    let tenant = |id: Uuid| id.to_string();
    snapshots
        .iter()
        .map(|text| {
            text.replace(&tenant(TENANT), "one")
                .replace(&tenant(OTHER_TENANT), "other")
        })
        .collect()
}

/// Changes the state in each snapshot, so that it shows where it was used.
async fn falsify<DB: Engine>(database: &TestDatabase<DB>) {
    database
        .execute(r#"UPDATE kumiko_snapshots SET state = '{"balance": 1000, "note": ""}'"#)
        .await;
}

on_both_databases! {
    async fn a_load_goes_on_from_a_snapshot(database: &TestDatabase<DB>) {
        create_tables(database).await;
        assert_eq!(given(database, TENANT, &[1, 2]).await, "[0,0]");
        // Two events are too few.
        assert_eq!(given(database, TENANT, &[3, 4]).await, "[3,2]");
        assert_eq!(snapshots(database).await, [""; 0]);
        assert_eq!(given(database, TENANT, &[5]).await, "[10,4]");
        assert_eq!(snapshots(database).await, ["one 4 1 10"]);
        // With what came after it.
        falsify(database).await;
        assert_eq!(given(database, TENANT, &[6, 7]).await, "[1005,5]");
        // It takes the place of the one that it was computed from.
        assert_eq!(given(database, TENANT, &[8]).await, "[1018,7]");
        assert_eq!(snapshots(database).await, ["one 7 1 1018"]);
        // Without an event after it.
        database.execute("DELETE FROM kumiko_events WHERE version = 8").await;
        assert_eq!(balance(database, TENANT, "accounts:write:one").await, r#"[{"balance":1018,"note":""},7]"#);
        // Where nobody asks for snapshots, none is used.
        assert_eq!(balance(database, TENANT, "accounts:write:plain").await, r#"[{"balance":28,"note":""},7]"#);
    }

    async fn an_archived_stream_has_no_state(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 2, 3]).await;
        let stream = Stream { tenant_id: TENANT, aggregate_type: "account".to_owned(), aggregate_id: id("a") };
        let states = async || {
            let names = ["accounts:write:one", "accounts:write:plain"];
            [balance(database, TENANT, names[0]).await, balance(database, TENANT, names[1]).await]
        };
        let nothing = [r#"[{"balance":0,"note":""},0]"#; 2];
        let all = states().await;
        assert_eq!(snapshots(database).await, ["one 3 1 6"]);
        let handlers = handlers::<DB>();
        handlers.archive_streams(&database.pool, std::slice::from_ref(&stream), &user(), None).await.unwrap();
        assert_eq!(states().await, nothing);
        assert_eq!(handlers.check_snapshots::<Account<1>>(&database.pool, "account").await.unwrap(), []);
        database.execute("DELETE FROM kumiko_snapshots").await;
        assert_eq!(states().await, nothing);
        assert_eq!(snapshots(database).await, [""; 0]);
        handlers.restore_streams(&database.pool, &[stream]).await.unwrap();
        assert_eq!(states().await, all);
    }

    async fn what_is_read_in_one_transaction_is_seen(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let run: RunSeed<DB> = |ctx| Box::pin(async move {
            let all = (0..10).map(|_| deposits("a", &[1, 1]));
            ctx.system_batch("accounts:write:deposit", all).await?;
            ctx.system_write_as("accounts:write:deposit", deposits("a", &[1])).await?;
            Ok(())
        });
        let runner = || app::runner(vec![seed("2026-01-01-a", run)]).handlers(handlers());
        runner().dry_run(&database.pool).await.unwrap();
        assert_eq!(snapshots(database).await, [""; 0]);
        runner().apply(&database.pool).await.unwrap();
        let saved = database.texts("SELECT version || ' ' || (state->>'balance') FROM kumiko_snapshots").await;
        assert_eq!(saved, ["20 20"]);
    }

    async fn of_two_tenants_with_the_same_id_neither_sees_the_other(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 1, 1]).await;
        assert_eq!(given(database, TENANT, &[1]).await, "[3,3]");
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        given(database, OTHER_TENANT, &[10, 10, 10]).await;
        // The place is taken, and this one does without.
        for _ in 0..2 {
            assert_eq!(balance(database, OTHER_TENANT, "accounts:write:one").await, r#"[{"balance":30,"note":""},3]"#);
            assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        }
        // At another version there is a place.
        given(database, OTHER_TENANT, &[10]).await;
        assert_eq!(given(database, OTHER_TENANT, &[10]).await, "[40,4]");
        assert_eq!(snapshots(database).await, ["one 3 1 3", "other 4 1 40"]);
        assert_eq!(given(database, TENANT, &[1]).await, "[4,4]");
        assert_eq!(given(database, OTHER_TENANT, &[10]).await, "[50,5]");
        // One deletes only its own.
        given(database, TENANT, &[1, 1]).await;
        assert_eq!(given(database, TENANT, &[1]).await, "[7,7]");
        assert_eq!(snapshots(database).await, ["one 7 1 7", "other 4 1 40"]);
        // Nor is that of another aggregate type anybody's.
        database.execute("UPDATE kumiko_snapshots SET aggregate_type = 'loan'").await;
        falsify(database).await;
        assert_eq!(given(database, TENANT, &[]).await, "[8,8]");
        assert_eq!(snapshots(database).await, ["one 7 1 1000", "one 8 1 8", "other 4 1 1000"]);
    }

    async fn those_of_another_version_are_ignored(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 1, 1, 1]).await;
        balance(database, TENANT, "accounts:write:one").await;
        falsify(database).await;
        // The newer release makes its own, in the place of that of the older one.
        assert_eq!(balance(database, TENANT, "accounts:write:two").await, r#"[{"balance":4,"note":""},4]"#);
        assert_eq!(snapshots(database).await, ["one 4 2 4"]);
        // Which is still there, and leaves that of the newer one where it is.
        falsify(database).await;
        assert_eq!(balance(database, TENANT, "accounts:write:one").await, r#"[{"balance":4,"note":""},4]"#);
        assert_eq!(snapshots(database).await, ["one 4 2 1000"]);
        given(database, TENANT, &[1]).await;
        assert_eq!(balance(database, TENANT, "accounts:write:one").await, r#"[{"balance":5,"note":""},5]"#);
        assert_eq!(snapshots(database).await, ["one 4 2 1000", "one 5 1 5"]);
        assert_eq!(balance(database, TENANT, "accounts:write:two").await, r#"[{"balance":1001,"note":""},5]"#);
    }

    async fn later_events_are_upcast(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 1, 1]).await;
        given(database, TENANT, &[1]).await;
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        database.execute("UPDATE kumiko_events SET event_version = 1 WHERE version = 4").await;
        assert_eq!(balance(database, TENANT, "accounts:write:one").await, r#"[{"balance":103,"note":""},4]"#);
        // One that cannot be applied says which it is.
        database.execute("UPDATE kumiko_events SET event_version = 2, payload = '{}' WHERE version = 4").await;
        for name in ["accounts:write:one", "accounts:write:plain"] {
            let handlers = handlers::<DB>();
            let write = handlers.write_as(user(), name, "a").in_tenant(TENANT);
            let error = write.commit(&database.pool).await.unwrap_err();
            let Some(EventStoreError::NotFolded { version: 4, .. }) = error.of_handler() else {
                panic!("{error:?}");
            };
            assert_eq!(
                error_chain(&error)[1..],
                [
                    format!("could not apply deposited, version 4 of stream account {} of tenant {TENANT}, to the state of its aggregate", id("a")),
                    "no amount".to_owned(),
                ]
            );
        }
    }

    async fn a_state_comes_back_as_it_was(database: &TestDatabase<DB>) {
        create_tables(database).await;
        let note = "<é>&\u{1F980} \"\\ '' \r\n\t %L $3 </state> ".repeat(20);
        let with_note = Deposits { note: Some(note.clone()), ..deposits("a", &[1, 1, 1]) };
        ask(database, TENANT, "accounts:write:deposit", with_note).await;
        let balance = || balance(database, TENANT, "accounts:write:one");
        let expected = json!([{ "balance": 3, "note": note }, 3]).to_string();
        assert_eq!(balance().await, expected);
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        assert_eq!(balance().await, expected);
    }

    async fn what_cannot_be_used_is_passed_over(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 1, 1]).await;
        // Of a shape that serde does not know.
        assert_eq!(balance(database, TENANT, "accounts:write:reshaped").await, r#"[{"sum":3},3]"#);
        assert_eq!(given(database, TENANT, &[1]).await, "[3,3]");
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        // Of a state that cannot be kept.
        database.execute("DELETE FROM kumiko_snapshots").await;
        assert_eq!(balance(database, TENANT, "accounts:write:unkept").await, r#"[{"zero":"\u0000"},4]"#);
        assert_eq!(snapshots(database).await, [""; 0]);
        // Of events that somebody has deleted.
        balance(database, TENANT, "accounts:write:one").await;
        database.execute("DELETE FROM kumiko_events WHERE version = 4").await;
        assert_eq!(snapshots(database).await, ["one 4 1 4"]);
        assert_eq!(given(database, TENANT, &[1]).await, "[3,3]");
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
    }

    async fn without_the_table_all_events_are_read(database: &TestDatabase<DB>) {
        create_tables(database).await;
        database.execute("DROP TABLE kumiko_snapshots").await;
        assert_eq!(given(database, TENANT, &[1, 1, 1, 1]).await, "[0,0]");
        assert_eq!(given(database, TENANT, &[1]).await, "[4,4]");
        let mut connection = database.pool.acquire().await.unwrap();
        assert_eq!(forget_snapshots::<DB>(&mut connection, "account", None).await.unwrap(), 0);
    }

    async fn what_is_rolled_back_leaves_none(database: &TestDatabase<DB>) {
        create_tables(database).await;
        given(database, TENANT, &[1, 1, 1]).await;
        let handlers = handlers::<DB>();
        let write = || handlers.write_as(user(), "accounts:write:fail", deposits("a", &[5])).in_tenant(TENANT);
        write().commit(&database.pool).await.unwrap_err();
        assert_eq!(snapshots(database).await, [""; 0]);
        // Within a transaction of the app's, which goes on.
        let mut transaction = database.pool.begin().await.unwrap();
        write().within(&mut transaction).await.unwrap_err();
        let kept = handlers.write_as(user(), "accounts:write:deposit", deposits("a", &[1])).in_tenant(TENANT);
        kept.within(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(snapshots(database).await, ["one 3 1 3"]);
        assert_eq!(given(database, TENANT, &[]).await, "[4,4]");
    }

    async fn they_are_forgotten_of_a_type_a_tenant_or_an_aggregate(database: &TestDatabase<DB>) {
        create_tables(database).await;
        for (tenant, account) in [(TENANT, "a"), (TENANT, "b"), (OTHER_TENANT, "c")] {
            for _ in 0..2 {
                let four = deposits(account, &[1, 1, 1, 1]);
                ask(database, tenant, "accounts:write:deposit", four).await;
            }
        }
        for (aggregate_type, part, count) in [
            ("loan", None, 0),
            ("account", Some(Part::Aggregate(id("a"))), 1),
            ("account", Some(Part::Tenant(TENANT)), 1),
            ("account", None, 1),
        ] {
            falsify(database).await;
            let mut transaction = database.pool.begin().await.unwrap();
            let forgotten = forget_snapshots::<DB>(&mut transaction, aggregate_type, part).await.unwrap();
            assert_eq!(forgotten, count, "{aggregate_type} {part:?}");
            transaction.commit().await.unwrap();
            let left = database.texts("SELECT (state->>'balance') || '' FROM kumiko_snapshots").await;
            let expected = match (aggregate_type, part) {
                ("loan", _) => 3,
                (_, Some(Part::Aggregate(_))) => 2,
                (_, Some(Part::Tenant(_))) => 1,
                _ => 0,
            };
            assert_eq!(left.len(), expected);
        }
        assert_eq!(balance(database, TENANT, "accounts:write:one").await, r#"[{"balance":8,"note":""},8]"#);
        assert_eq!(snapshots(database).await, ["one 8 1 8"]);
    }
}

#[tokio::test]
async fn a_load_is_one_round_trip_and_a_snapshot_another() {
    let database = Postgres::create().await;
    create_tables(&database).await;
    let proxy = Proxy::to(&database.url).await;
    let pool = PoolOptions::<Postgres>::new().max_connections(1);
    let pool = pool.connect_lazy(proxy.url()).unwrap();
    let handlers = handlers::<Postgres>();
    let mut counts = Vec::new();
    // What is prepared costs one more the first time, so the same is done with another account before.
    for account in ["b", "a"] {
        counts.clear();
        for amounts in [[1; 3].as_slice(), &[], &[]] {
            let before = proxy.round_trips();
            let write =
                handlers.write_as(user(), "accounts:write:deposit", deposits(account, amounts));
            write.commit(&pool).await.unwrap();
            counts.push(proxy.round_trips() - before);
        }
    }
    // Begin, identity, load, append, commit; then with a snapshot for the events; then with neither.
    let [appending, saving, loading] = counts[..] else {
        panic!()
    };
    assert_eq!(
        (saving, appending),
        (loading + 1, loading + 1),
        "{counts:?}"
    );
    pool.close().await;
    database.remove().await;
}

/// Rows that a policy hides are not taken for rows that are not there.
#[tokio::test]
async fn hidden_events_are_an_error_and_so_is_a_snapshot_that_is_refused() {
    let database = Postgres::create().await;
    create_tables(&database).await;
    given(&database, TENANT, &[1, 1, 1]).await;
    given(&database, TENANT, &[1]).await;
    let two = deposits("b", &[1, 1]);
    ask(&database, TENANT, "accounts:write:deposit", two).await;
    let role = Role::create(&database).await;
    let grant = format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO \"{0}\";
         GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO \"{0}\";
         ALTER TABLE kumiko_snapshots ENABLE ROW LEVEL SECURITY",
        role.name
    );
    database.execute(&grant).await;
    let handlers = handlers::<Postgres>();
    let ask = |account| {
        let load = handlers.write_as(user(), "accounts:write:one", account);
        load.in_tenant(TENANT).commit(&role.pool)
    };
    // One without events to make a snapshot of does not miss any, and of the other none can be saved.
    assert_eq!(ask("b").await.unwrap().output[1], 2);
    let error = ask("a").await.unwrap_err();
    let Some(EventStoreError::RowSecurity { table, .. }) = error.of_handler() else {
        panic!("{error:?}");
    };
    assert_eq!(*table, "kumiko_snapshots");
    database
        .execute(
            "ALTER TABLE kumiko_snapshots DISABLE ROW LEVEL SECURITY;
             ALTER TABLE kumiko_events ENABLE ROW LEVEL SECURITY",
        )
        .await;
    // With a snapshot and without one.
    for account in ["a", "b"] {
        let error = ask(account).await.unwrap_err();
        let Some(EventStoreError::RowSecurity { table, .. }) = error.of_handler() else {
            panic!("{account}: {error:?}");
        };
        assert_eq!(*table, "kumiko_events");
    }
    role.remove(&database).await;
    database.remove().await;
}

/// The table as the original's own tools create it.
#[tokio::test]
async fn the_table_is_the_original_s() {
    let (ours, theirs) = (Postgres::create().await, Postgres::create().await);
    create_tables(&ours).await;
    theirs
        .execute(
            r#"CREATE TABLE "kumiko_snapshots" ("aggregate_id" uuid NOT NULL, "tenant_id" uuid NOT NULL,
                   "aggregate_type" text NOT NULL, "version" integer NOT NULL, "state" jsonb NOT NULL,
                   "created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
                   CONSTRAINT "kumiko_snapshots_pk" PRIMARY KEY("aggregate_id", "version"));
               ALTER TABLE "kumiko_snapshots" ADD COLUMN "snapshot_version" integer DEFAULT 1 NOT NULL;
               CREATE INDEX "kumiko_snapshots_latest_idx" ON "kumiko_snapshots"
                   USING btree ("aggregate_id", "tenant_id", "version")"#,
        )
        .await;
    let shape = "
        SELECT column_name || ' ' || data_type || ' ' || coalesce(datetime_precision, 0) || ' ' || is_nullable
               || ' ' || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_name = 'kumiko_snapshots'
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE tablename = 'kumiko_snapshots' ORDER BY 1";
    assert_eq!(ours.texts(shape).await, theirs.texts(shape).await);
    ours.remove().await;
    theirs.remove().await;
}
