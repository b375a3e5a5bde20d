//! The seed of many steps beside the app as it runs: 10,000 members who have no role get one.
//!
//! With `--features postgres`, `TEST_DATABASE_URL` names a server on which databases may be created.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod process;

use std::thread;
use std::time::{Duration, Instant};

use admin_roles::Database;
use serde_json::json;
use sqlx::Pool;

use crate::process::{App, TestDatabase, wait};

const MEMBERS: i64 = 10_000;
const ACME: &str = "0198f0a1-0000-7000-8000-000000000001";
const GLOBEX: &str = "0198f0a1-0000-7000-8000-000000000002";
const APPLIED: &str = "applied 2026-06-15-default-role";
/// The events of new roles. The seeds before have appended two.
const UPDATES: &str = "SELECT count(*) FROM kumiko_events WHERE type = 'member-roles-updated'";
const UPDATED: &str =
    "SELECT count(DISTINCT aggregate_id) FROM kumiko_events WHERE type = 'member-roles-updated'";
const EARLIER: i64 = 2;

#[test]
fn the_app_serves_while_each_member_gets_a_role() {
    let database = with_members(MEMBERS);
    let mut app = App::boot(&database);
    assert!(app.applied.is_empty(), "{:?}", app.applied);

    // The seed comes to the last member last, and somebody is quicker.
    let last = format!("/memberships/{}", membership(MEMBERS));
    let eve = [
        ("x-user", "eve"),
        ("x-roles", "TenantAdmin"),
        ("x-tenant", tenant(MEMBERS)),
    ];
    let body = r#"{"roles": ["Auditor"], "version": 1}"#;
    let put = app.put(&format!("{last}/roles"), &eve, body).json();
    assert_eq!(put["version"], 2);

    let mut answers = 0;
    wait_until(|| {
        let events = app.get(&format!("{last}/events"), &eve).json();
        assert_eq!(events[1]["by"], "eve");
        answers += 1;
        database.number(UPDATES) == EARLIER + MEMBERS
    });
    assert!(answers > 10, "{answers}");
    assert_eq!(app.line().as_deref(), Some(APPLIED));

    assert_each_has_one_event(&database);
    let events = app.get(&format!("{last}/events"), &eve).json();
    assert_eq!(events[1]["payload"]["roles"], json!(["Auditor"]));
    assert_eq!(events[2], json!(null));
    let members = "SELECT count(*) FROM read_tenant_memberships
                   WHERE roles = '[\"Member\"]' AND version = 2";
    assert_eq!(database.number(members), MEMBERS - 1);
}

#[test]
fn what_ends_the_app_in_the_middle_costs_and_repeats_nothing() {
    let database = with_members(MEMBERS);
    let mut done = EARLIER;
    for (signal, code) in [("TERM", Some(0)), ("KILL", None)] {
        let app = App::boot(&database);
        wait_until(|| database.number(UPDATES) > done);
        let output = app.stop(signal);
        assert_eq!(output.status.code(), code, "{output:?}");
        // The cursor and the events are of one transaction.
        let apart = "SELECT count(*) - (SELECT done FROM kumiko_es_progress)
                     FROM kumiko_events WHERE type = 'member-roles-updated'";
        assert_eq!(database.number(apart), EARLIER);
        done = database.number(UPDATES);
        assert!(done < EARLIER + MEMBERS, "it was too late: {done}");
    }

    let mut app = App::boot(&database);
    assert_eq!(app.line().as_deref(), Some(APPLIED));
    assert_each_has_one_event(&database);
    // Nothing is left for another start.
    drop(app);
    let app = App::boot(&database);
    assert!(app.applied.is_empty(), "{:?}", app.applied);
    assert!(app.stop("TERM").status.success());
    assert_each_has_one_event(&database);
}

/// As the release before version 2 of the members left it.
#[test]
fn a_new_version_of_a_projection_is_rebuilt_while_the_app_serves() {
    let database = with_members(1_000);
    database.execute(
        "UPDATE kumiko_es_operations SET id = replace(id, 'members/2', 'members/1');
         ALTER TABLE read_tenant_memberships DROP COLUMN is_admin",
    );
    let mut app = App::boot(&database);
    let mut lines = Vec::new();
    while lines.len() < 2 {
        lines.extend(app.line());
        assert!(app.get("/", &[]).body.contains("admin@example.com"));
    }
    assert_eq!(lines, [APPLIED, "applied projection-rebuild/members/2"]);
    let admins = "SELECT count(*) FROM read_tenant_memberships WHERE is_admin";
    assert_eq!(database.number(admins), 2);
    wait(async {
        let pool = Pool::<Database>::connect(&database.url()).await.unwrap();
        let handlers = admin_roles::handlers();
        let check = handlers
            .check_projection(&pool, "members", 0)
            .await
            .unwrap();
        assert_eq!((check.events, check.wrong()), (4 + 2 * 1_000, 0));
        pool.close().await;
    });
}

#[track_caller]
fn assert_each_has_one_event(database: &TestDatabase) {
    let expected = EARLIER + MEMBERS;
    assert_eq!(database.number(UPDATES), expected);
    assert_eq!(database.number(UPDATED), expected);
    let without = "SELECT count(*) FROM read_tenant_memberships WHERE roles = '[]'";
    assert_eq!(database.number(without), 0);
    let under_way = "SELECT count(*) FROM kumiko_es_progress";
    assert_eq!(database.number(under_way), 0);
}

/// Waits for what the app does in another process.
#[track_caller]
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(5), "it never is");
        thread::sleep(Duration::from_millis(10));
    }
}

/// As the release before that of the seed left it: all other seeds are applied, and then came many members.
fn with_members(members: i64) -> TestDatabase {
    let database = TestDatabase::create();
    wait(async {
        let pool = Pool::<Database>::connect(&database.url()).await.unwrap();
        let report = admin_roles::seeds().apply(&pool).await.unwrap();
        assert_eq!(report.left_to_background, ["2026-06-15-default-role"]);
        pool.close().await;
    });
    let insert = |into: &str, row: &dyn Fn(i64) -> String| {
        let rows: Vec<_> = (1..=members).map(row).collect();
        database.execute(format!("INSERT INTO {into} VALUES {}", rows.join(", ")));
    };
    insert(
        "read_users (id, tenant_id, email, display_name)",
        &|number| {
            let id = user(number);
            format!("('{id}', '{id}', '{number}@example.com', 'Member {number}')")
        },
    );
    insert(
        "read_tenant_memberships (id, tenant_id, user_id, roles)",
        &|number| {
            let (id, tenant, user) = (membership(number), tenant(number), user(number));
            format!("('{id}', '{tenant}', '{user}', '[]')")
        },
    );
    insert(
        "kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)",
        &|number| {
            let (id, tenant) = (membership(number), tenant(number));
            let payload =
                json!({ "id": id, "user_id": user(number), "tenant_id": tenant, "roles": [] });
            format!(
                "('{id}', 'membership', '{tenant}', 1, 'member-added', '{payload}', '{{}}', 'eve')"
            )
        },
    );
    database
}

/// Members take turns, so that a step has some of either tenant.
fn tenant(number: i64) -> &'static str {
    if number % 2 == 0 { ACME } else { GLOBEX }
}

fn user(number: i64) -> String {
    format!("0198f0a2-0000-7000-8000-{number:012}")
}

fn membership(number: i64) -> String {
    format!("0198f0a3-0000-7000-8000-{number:012}")
}
