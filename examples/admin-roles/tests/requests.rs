//! People's requests to the app as it runs, on a database that its seeds have filled.
//!
//! With `--features postgres`, `TEST_DATABASE_URL` names a server on which databases may be created.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod process;

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use crate::process::{App, TestDatabase, command};

const ACME: &str = "0198f0a1-0000-7000-8000-000000000001";
const GLOBEX: &str = "0198f0a1-0000-7000-8000-000000000002";
const ROLES: &str = "/memberships/0198f0a1-0000-7000-8000-000000000005/roles";
const EVENTS: &str = "/memberships/0198f0a1-0000-7000-8000-000000000005/events";
/// An admin of the tenant that the membership is in.
const EVE: [(&str, &str); 3] = [
    ("x-user", "eve"),
    ("x-roles", "TenantAdmin"),
    ("x-tenant", GLOBEX),
];

const BY_SEEDS: &str = "\
admin@example.com    Acme                 Admin, TenantAdmin
admin@example.com    Globex               Billing, TenantAdmin
";

#[test]
fn a_boot_on_an_empty_database_applies_the_seeds_and_serves_what_they_wrote() {
    let database = TestDatabase::create();
    let app = App::boot(&database);
    let seeds = [
        "2026-03-02-initial-tenants",
        "2026-05-20-grant-tenant-admin",
    ];
    assert_eq!(app.applied, seeds.map(|id| format!("applied {id}")));
    assert_eq!(app.get("/", &[]).body, BY_SEEDS);
    let memberships = app.get("/memberships", &[]).json();
    assert_eq!(
        memberships[1],
        json!({
            "id": "0198f0a1-0000-7000-8000-000000000005",
            "version": 2,
            "email": "admin@example.com",
            "tenant_id": GLOBEX,
            "tenant": "Globex",
            "roles": ["Billing", "TenantAdmin"],
        })
    );
}

#[test]
fn a_request_changes_a_role_as_a_seed_does_and_answers_with_its_event() {
    let database = TestDatabase::create();
    let app = App::boot(&database);
    let answer = app
        .put(ROLES, &EVE, r#"{"roles": ["Billing", "Auditor"]}"#)
        .json();
    let events = app.get(EVENTS, &EVE).json();
    assert_eq!(answer, events[2]);

    // One stream and one type of event, whoever asked for it.
    let what = |index: usize| {
        let event = &events[index];
        json!([
            event["version"],
            event["type"],
            event["by"],
            event["payload"]["roles"]
        ])
    };
    let (updated, system) = (
        "member-roles-updated",
        "00000000-0000-0000-0000-000000000000",
    );
    assert_eq!(what(0), json!([1, "member-added", system, ["Billing"]]));
    assert_eq!(
        what(1),
        json!([2, updated, system, ["Billing", "TenantAdmin"]])
    );
    assert_eq!(what(2), json!([3, updated, "eve", ["Billing", "Auditor"]]));
    assert_eq!(events[3], json!(null));

    // Another boot has nothing to apply, and shows it still.
    assert!(app.stop("INT").status.success());
    let app = App::boot(&database);
    assert!(app.applied.is_empty(), "{:?}", app.applied);
    let changed = BY_SEEDS.replace("Billing, TenantAdmin", "Billing, Auditor");
    assert_eq!(app.get("/", &[]).body, changed);
}

#[test]
fn a_request_that_is_refused_says_why_and_changes_nothing() {
    let database = TestDatabase::create();
    let app = App::boot(&database);
    let before = app.get("/memberships", &[]).body;
    let roles = r#"{"roles": ["Auditor"]}"#;
    let refused = |user: &[(&str, &str)], body: &str, status: u16, why: &str| {
        let answer = app.put(ROLES, user, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.contains(why), "{why}: {answer:?}");
        assert_eq!(app.get("/memberships", &[]).body, before);
    };
    let as_admin_of = |tenant| {
        [
            ("x-user", "eve"),
            ("x-roles", "Billing, TenantAdmin"),
            ("x-tenant", tenant),
        ]
    };

    refused(&[], roles, 401, "x-user");
    refused(&as_admin_of("globex"), roles, 401, "x-tenant");
    let nobody = [
        ("x-user", "eve"),
        ("x-roles", "Billing"),
        ("x-tenant", GLOBEX),
    ];
    refused(
        &nobody,
        roles,
        403,
        "it is open to TenantAdmin, and the user came with Billing",
    );
    let nowhere = "0198f0a1-0000-7000-8000-000000000009";
    refused(&as_admin_of(nowhere), roles, 404, "there is no tenant");
    refused(&as_admin_of(ACME), roles, 404, "there is no membership");
    let stale = r#"{"roles": ["Auditor"], "version": 1}"#;
    refused(&EVE, stale, 409, "expected version 1, found 2");
    refused(&EVE, r#"{"roles": "Auditor"}"#, 422, "expected a sequence");
    refused(&EVE, "{", 400, "JSON");

    let answer = app.get(EVENTS, &as_admin_of(ACME));
    assert_eq!(answer.status, 404, "{answer:?}");
    // The version that is the latest is no conflict.
    let fresh = r#"{"roles": ["Auditor"], "version": 2}"#;
    assert_eq!(app.put(ROLES, &EVE, fresh).json()["version"], 3);

    database.execute(
        "CREATE TABLE kumiko_archived_streams AS SELECT DISTINCT tenant_id, aggregate_id FROM kumiko_events",
    );
    let answer = app.put(ROLES, &EVE, roles);
    assert_eq!(answer.status, 410, "{answer:?}");
    assert!(answer.body.contains("is archived"), "{answer:?}");
}

#[test]
fn what_breaks_inside_is_told_to_those_who_run_the_app_only() {
    let database = TestDatabase::create();
    let mut app = App::boot(&database);
    // Nothing but requests will miss the table.
    let in_background = app.line();
    assert_eq!(
        in_background.as_deref(),
        Some("applied 2026-06-15-default-role")
    );
    database.execute("ALTER TABLE read_tenant_memberships RENAME TO lost");
    let answers = [app.get("/", &[]), app.put(ROLES, &EVE, r#"{"roles": []}"#)];
    for answer in answers {
        assert_eq!(answer.status, 500, "{answer:?}");
        assert_eq!(answer.body, r#"{"error":"something went wrong"}"#);
    }
    // Its event went with it.
    assert_eq!(app.get(EVENTS, &EVE).json()[2], json!(null));
    let said = String::from_utf8(app.stop("TERM").stderr).unwrap();
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("read_tenant_memberships"))
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
}

#[test]
fn the_app_ends_when_it_is_told_to() {
    let database = TestDatabase::create();
    let app = App::boot(&database);
    // One client has said nothing yet, and one will never finish.
    let idle = TcpStream::connect(&app.address).unwrap();
    let mut slow = TcpStream::connect(&app.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    assert_eq!(app.get("/", &[]).body, BY_SEEDS);
    let output = app.stop("TERM");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    drop((idle, slow));
}

#[test]
fn a_port_that_is_none_is_named() {
    let database = TestDatabase::create();
    let output = command(&database, "high").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("PORT"), "{said}");
}
