//! `seed:apply --dry-run`: what would be done, and nothing of it kept.

use crate::app::App;
use crate::database::{postgres, sqlite, wait};
use crate::transcript::assert_shows;

const TABLE: &str = "\
exit 0
-- stdout
2026-03-02-initial-tenants
  EVENT                 STREAM                                           VERSION  TENANT
  tenant-created        tenant 0198f0a1-0000-7000-8000-000000000001      1        00000000-0000-4000-8000-000000000000
  tenant-created        tenant 0198f0a1-0000-7000-8000-000000000002      1        00000000-0000-4000-8000-000000000000
  user-created          user 0198f0a1-0000-7000-8000-000000000003        1        00000000-0000-4000-8000-000000000000
  member-added          membership 0198f0a1-0000-7000-8000-000000000004  1        0198f0a1-0000-7000-8000-000000000001
  member-added          membership 0198f0a1-0000-7000-8000-000000000005  1        0198f0a1-0000-7000-8000-000000000002

2026-05-20-grant-tenant-admin
  EVENT                 STREAM                                           VERSION  TENANT
  member-roles-updated  membership 0198f0a1-0000-7000-8000-000000000004  2        0198f0a1-0000-7000-8000-000000000001
  member-roles-updated  membership 0198f0a1-0000-7000-8000-000000000005  2        0198f0a1-0000-7000-8000-000000000002

dry run: 2 seeds would be applied with 7 events; nothing was kept; done in [time]
-- stderr
trying 2026-03-02-initial-tenants
trying 2026-05-20-grant-tenant-admin
";

#[test]
fn the_events_are_listed_and_not_even_a_file_is_made() {
    let app = App::example("dry-run");
    let note = "note: there is no database file [app]/admin-roles.db yet; seed:apply creates it\n";
    let shown = TABLE.replace("-- stderr\n", &format!("-- stderr\n{note}"));
    assert_shows(&app.command("seed:apply --dry-run").run(), &shown);
    assert!(!app.path("admin-roles.db").exists());
    app.command("seed:apply --to 2026-03-02-initial-tenants")
        .run();
    assert_shows(
        &app.command("seed:apply --dry-run --format json").run(),
        "\
exit 0
-- stdout
{
  \"version\": 1,
  \"dry_run\": true,
  \"seeds\": [
    {
      \"id\": \"2026-05-20-grant-tenant-admin\",
      \"duration_ms\": [time],
      \"events\": [
        {
          \"event_type\": \"member-roles-updated\",
          \"aggregate_type\": \"membership\",
          \"aggregate_id\": \"0198f0a1-0000-7000-8000-000000000004\",
          \"version\": 2,
          \"tenant_id\": \"0198f0a1-0000-7000-8000-000000000001\"
        },
        {
          \"event_type\": \"member-roles-updated\",
          \"aggregate_type\": \"membership\",
          \"aggregate_id\": \"0198f0a1-0000-7000-8000-000000000005\",
          \"version\": 2,
          \"tenant_id\": \"0198f0a1-0000-7000-8000-000000000002\"
        }
      ],
      \"estimate\": null
    }
  ],
  \"skipped\": [],
  \"not_here\": [],
  \"failed\": null,
  \"not_attempted\": [],
  \"warnings\": [],
  \"duration_ms\": [time]
}
-- stderr
trying 2026-05-20-grant-tenant-admin
",
    );
    app.command("seed:apply").run();
    assert_shows(
        &app.command("seed:apply --dry-run").run(),
        "exit 0\n-- stdout\nnothing pending: 2 seeds are applied\n",
    );
}

#[test]
fn postgres_is_left_as_it_was() {
    let database = postgres("");
    let app = App::example("dry-run-postgres");
    let shown = app
        .command("seed:apply --dry-run -F postgres")
        .variable("DATABASE_URL", &database.url)
        .run();
    assert_shows(&shown, TABLE);
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(wait(database.texts(tables)), [""; 0]);
    wait(database.remove());
}

#[test]
fn a_migration_of_streams_is_a_diff_of_the_first() {
    let app = App::empty();
    let call = |line: &str| {
        let call = app
            .ops_of_wallets(line)
            .variable("DATABASE_URL", "sqlite:app.db?mode=rwc")
            .variable("TEST_MIGRATES", "1");
        call.run()
    };
    call("seed:apply");
    let insert = "INSERT INTO kumiko_events
                      (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
                  SELECT 'id-' || number, 'wallet', '00000000-0000-4000-8000-000000000000', version, type,
                         json_object('id', 'id-' || number, 'what', type, 'amount', 5, 'name', 'Ann'), '{}', 'somebody'
                  FROM (SELECT value AS number FROM json_each('[1, 2, 3, 4]')),
                       (SELECT 1 AS version, 'deposited' AS type UNION SELECT 2, 'named');
                  DELETE FROM kumiko_es_operations WHERE id LIKE '2026%'"
        .replace("id-' || number", "00000000-0000-0000-0000-00000000000' || number");
    sqlite(&app.path("app.db"), &insert);
    let shown = |call: &str, hint: &str, old: &str, new: &str| {
        let of = |number: u32| {
            let id = format!("00000000-0000-0000-0000-00000000000{number}");
            format!(
                "  wallet {id} of tenant 00000000-0000-4000-8000-000000000000
    becomes wallet {id} of tenant 00000000-0000-2e30-8000-000000000000
    - 2 named{}
    + 2 called{new}
      1 event kept
",
                old.replace("{id}", &id)
            )
        };
        let expected = format!(
            "exit 0
-- stdout
2026-03-01-moves, all 4 items
  to be migrated: 4 streams with 8 events{hint}
{}{}{}
  EVENT ",
            of(1),
            of(2),
            of(3)
        );
        assert!(call.starts_with(&expected), "{call}\n{expected}");
    };
    let hint = "; --payloads shows what is in the events";
    shown(&call("seed:apply --dry-run"), hint, "", "");
    let payload = r#" {"amount":5,"id":"{id}","name":"Ann","what":"named"}"#;
    shown(
        &call("seed:apply --dry-run --payloads"),
        "",
        payload,
        r#" "Ann""#,
    );
}

#[test]
fn a_seed_that_would_fail_is_a_failure() {
    let app = App::example("dry-run-fails");
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "\"admin@example.com\"",
        "\"nobody@example.com\"",
    );
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "there is no user admin",
        "there is no user nobody",
    );
    let failure = "\
-- stderr
note: there is no database file [app]/admin-roles.db yet; seed:apply creates it
trying 2026-03-02-initial-tenants
trying 2026-05-20-grant-tenant-admin
error: seed 2026-05-20-grant-tenant-admin failed
caused by: there is no user nobody@example.com
note: stopped at: 2026-05-20-grant-tenant-admin; applied before: none; not attempted: none; the failed step is rolled back, so a retry is safe
help: correct the seed and run this again; nothing was kept:
    cargo kumiko-ops seed:apply --dry-run";
    assert_shows(
        &app.command("seed:apply --dry-run").run(),
        &format!("exit 1\n{failure}"),
    );
    assert_shows(
        &app.command("seed:apply --dry-run --format json").run(),
        &format!(
            "\
exit 1
-- stdout
{{
  \"version\": 1,
  \"dry_run\": true,
  \"seeds\": [],
  \"skipped\": [],
  \"not_here\": [],
  \"failed\": {{
    \"id\": \"2026-05-20-grant-tenant-admin\",
    \"error\": \"seed 2026-05-20-grant-tenant-admin failed\"
  }},
  \"not_attempted\": [],
  \"warnings\": [],
  \"duration_ms\": [time]
}}
{failure} --format json
"
        ),
    );
}
