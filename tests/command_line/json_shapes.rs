//! The JSON that programs get, against the schemas that say its shape, and the documentation against both.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, Draft, Schemas};
use serde_json::Value;

use crate::app::App;
use crate::database::{
    POSTGRES_PROGRESS, POSTGRES_TABLE, SQLITE_PROGRESS, SQLITE_TABLE, foreign_marker, marker,
    marker_of, postgres, sqlite, under_way, wait,
};
use crate::program::workspace;

const APPLIED: [&str; 2] = ["2026-02-20-second", "2026-01-01-removed"];

fn schema(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("command_line/schemas");
    folder.join(format!("{name}.json"))
}

#[track_caller]
fn assert_valid(document: &Value, name: &str) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V2020_12);
    let path = schema(name);
    let location = path.to_str().unwrap();
    let index = compiler.compile(location, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(document, index) {
        panic!("{error:#}\nin {document:#}");
    }
}

fn documents(app: &App, url: &str, line: &str) -> Value {
    let call = app.command(&format!("{line} --format json"));
    let call = call.variable("DATABASE_URL", url);
    let call = call.variable("KUMIKO_SKIP_ES_OPS_2026_04_01_FOURTH", "1");
    serde_json::from_str(&call.stdout()).unwrap()
}

fn shop() -> App {
    let app = App::fixture("shop");
    for (id, as_in) in [
        ("2026-03-30-third", "2026-01-10-first"),
        ("2026-04-01-fourth", "2026-02-20-second"),
    ] {
        let seed = app.read(&format!("seeds/{as_in}.rs"));
        app.write(&format!("seeds/{id}.rs"), &seed);
    }
    app
}

#[test]
fn every_state_has_the_shape_that_is_documented() {
    let app = shop();
    let renamed =
        app.read("seeds/2026-01-10-first.rs") + "const OF_A_FILE_CALLED_OTHERWISE: u8 = 1;\n";
    app.write("seeds/2026-05-01-fifth.rs", &renamed);
    let files = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let markers = APPLIED.map(marker).concat()
        + &marker_of("2026-01-02-called-otherwise", &files[4].source_hash)
        + &foreign_marker("2026-12-31-theirs");
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{markers}"));
    let database = postgres(&format!("{POSTGRES_TABLE}{markers}"));
    for url in ["sqlite:shop.db", &database.url] {
        let status = documents(&app, url, "seed:status");
        assert_valid(&status, "seed-status");
        let mut found = Vec::new();
        for seed in status["seeds"].as_array().unwrap() {
            let id = seed["id"].as_str().unwrap();
            let shown = documents(&app, url, &format!("seed:show {id}"));
            assert_valid(&shown, "seed-show");
            assert_eq!(shown["state"], seed["state"]);
            assert_eq!(shown["remark"], seed["remark"]);
            found.push(seed["state"].as_str().unwrap().to_owned());
        }
        let expected = [
            "missing",
            "missing",
            "out-of-order",
            "applied",
            "pending",
            "skipped",
            "renamed",
            "foreign",
        ];
        assert_eq!(found, expected);
    }
    wait(database.remove());
    let unasked = documents(&app, "", "seed:show 2026-01-10-first");
    assert_valid(&unasked, "seed-show");
}

#[test]
fn a_seed_under_way_has_the_shape_that_is_documented() {
    let app = shop();
    let ids = ["2026-01-10-first", "2026-02-20-second", "2026-03-30-third"];
    let states = ["running", "failed", "paused"];
    let rows = ids.into_iter().zip(states);
    let rows: String = rows.map(|(id, state)| under_way(id, state, "")).collect();
    let in_sqlite = format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{rows}");
    sqlite(&app.path("shop.db"), &in_sqlite);
    let database = postgres(&format!("{POSTGRES_TABLE}{POSTGRES_PROGRESS}{rows}"));
    for url in ["sqlite:shop.db", &database.url] {
        let shown = documents(&app, url, "seed:status");
        assert_valid(&shown, "seed-status");
        for (at, (id, state)) in ids.into_iter().zip(states).enumerate() {
            let seed = &shown["seeds"][at];
            assert_eq!(
                (&seed["state"], &seed["progress"]["state"]),
                (&state.into(), &state.into())
            );
            assert_eq!(seed["progress"]["cursor"], 12_017);
            assert_valid(
                &documents(&app, url, &format!("seed:show {id}")),
                "seed-show",
            );
        }
        assert_eq!(shown["seeds"][3]["progress"], Value::Null);
        for line in [
            "seed:pause first",
            "seed:retry second",
            "seed:cancel third --yes",
        ] {
            assert_valid(&documents(&app, url, line), "seed-steered");
        }
        let steered = documents(&app, url, "seed:resume first");
        assert_valid(&steered, "seed-steered");
        assert_eq!(steered["id"], "2026-01-10-first");
        assert_eq!(steered["state"], "running");
    }
    wait(database.remove());
}

#[test]
fn a_worker_has_the_shape_that_is_documented_whether_it_fails_or_not() {
    let app = App::empty();
    let run = |line: &str, fails_after: &str| -> Value {
        let call = app.ops_of_steps(&format!("{line} --format json"));
        let call = call.variable("DATABASE_URL", "sqlite:app.db?mode=rwc");
        let call = call.variable("TEST_FAILS_AFTER", fails_after);
        serde_json::from_str(&call.stdout()).unwrap()
    };
    let tried = run("seed:apply --dry-run", "");
    assert_valid(&tried, "seed-apply-dry-run");
    let failed = run("seed:apply", "100");
    assert_valid(&failed, "seed-apply");
    assert_eq!(failed["applied"][0]["id"], "2026-01-01-first");
    assert_eq!(failed["failed_in_background"][0]["id"], "2026-02-01-notes");
    assert_eq!(failed["left"][0], "2026-03-01-after");
    run("seed:retry notes", "");
    assert_valid(&run("seed:history", ""), "seed-history");
    let failed = run("seed:work", "100");
    assert_valid(&failed, "seed-work");
    let error = "seed 2026-02-01-notes failed: no such member";
    assert_eq!(failed["failed"][0]["error"], error);
    run("seed:retry notes", "");
    let worked = run("seed:work", "");
    assert_valid(&worked, "seed-work");
    assert_eq!(worked["applied"][0]["events"], 250);
}

#[test]
fn many_databases_have_the_shape_that_is_documented() {
    let app = App::empty();
    app.write("tenants.txt", "sqlite:one.db?mode=rwc\nsqlite:two.db\n");
    let run = |line: &str| -> Value {
        let call = app.ops_of_steps(&format!("{line} --databases tenants.txt --format json"));
        serde_json::from_str(&call.stdout()).unwrap()
    };
    let applied = run("seed:apply");
    assert_valid(&applied, "seed-apply-each");
    assert_eq!(applied["targets"][0]["outcome"], "applied");
    assert_eq!(applied["targets"][0]["report"]["applied"][1]["events"], 250);
    assert_eq!(applied["targets"][1]["outcome"], "failed");
    let again = run("seed:apply --canary sqlite:two.db");
    assert_valid(&again, "seed-apply-each");
    assert_eq!(again["targets"][0]["outcome"], "not-attempted");
    let status = run("seed:status");
    assert_valid(&status, "seed-status-of-each");
    assert_eq!(status["targets"][0]["states"]["applied"], 3);
}

#[test]
fn projections_have_the_shape_that_is_documented() {
    let app = App::empty();
    let run = |line: &str, version: &str| -> Value {
        let call = app.ops_of_wallets(&format!("{line} --format json"));
        let call = call.variable("DATABASE_URL", "sqlite:app.db?mode=rwc");
        let call = call.variable("TEST_VERSION", version);
        serde_json::from_str(&call.variable("TEST_FAILS_AT", "named").stdout()).unwrap()
    };
    assert_valid(&run("seed:apply", "1"), "seed-apply");
    let named = "INSERT INTO kumiko_events
                     (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
                 VALUES ('00000000-0000-0000-0000-000000000001', 'wallet', '00000000-0000-4000-8000-000000000000',
                         1, 'named', '{}', '{}', 'somebody');
                 INSERT INTO read_totals VALUES ('named', 1)";
    sqlite(&app.path("app.db"), named);
    assert_valid(&run("seed:work", "2"), "seed-work");
    let status = run("projection:status", "2");
    assert_valid(&status, "projection-status");
    assert_eq!(status["projections"][0]["state"], "failed");
    assert_eq!(status["projections"][0]["recorded_version"], 1);
    assert_valid(&run("projection:status", "1"), "projection-status");
    assert_valid(&run("seed:status", "2"), "seed-status");
    let check = run("projection:check totals", "1");
    assert_valid(&check, "projection-check");
    assert_eq!(check["projections"][0]["rows"][0]["key"][0], "named");
    let unchecked = run("projection:check", "1");
    assert_valid(&unchecked, "projection-check");
    assert_eq!(unchecked["failed"][0]["name"], "wallets");
    assert_eq!(unchecked["projections"][0]["name"], "totals");
    let shown = run("seed:show projection-rebuild/totals/1", "1");
    assert_valid(&shown, "seed-show");
    assert_eq!(shown["source"], Value::Null);
    let stream = "wallet/00000000-0000-0000-0000-000000000001";
    let archived = run(&format!("stream:archive {stream} --reason over"), "1");
    assert_valid(&archived, "stream-archive");
    let listed = run("stream:list", "1");
    assert_valid(&listed, "stream-list");
    assert_eq!(listed["streams"][0]["reason"], "over");
    assert_eq!(archived["to_rebuild"][0], "totals");
    let would = run("stream:purge --older-than 0m --dry-run", "1");
    assert_valid(&would, "stream-purge-dry-run");
    assert_eq!(would["streams"], 1);
    let purged = run("stream:purge --older-than 0m --export purged.jsonl", "1");
    assert_valid(&purged, "stream-purge");
    assert_eq!(purged["streams"], 1);
    assert_eq!(purged["to_rebuild"][0], "totals");
    let nothing = run("stream:purge --older-than 0m --without-export --yes", "1");
    assert_valid(&nothing, "stream-purge");
    let listed = run("stream:list", "1");
    assert_eq!(listed["streams"][0]["purged"], true);
    let imported = run("stream:import purged.jsonl", "1");
    assert_valid(&imported, "stream-import");
    assert_eq!(imported["streams"], 1);
    let of_another = named.replace("-000000000001'", "-000000000002'");
    sqlite(&app.path("app.db"), of_another.split(';').next().unwrap());
    assert_valid(&run("event:replay mail --quarantine", "1"), "seed-work");
    let counted = run("event:replay mail --dry-run", "1");
    assert_valid(&counted, "event-replay-dry-run");
    assert_eq!(counted["by_type"][0]["event_type"], "named");
    assert_valid(&run("projection:rebuild totals", "1"), "seed-work");
    assert_valid(&run("projection:rebuild --outdated", "1"), "seed-work");
}

#[test]
fn a_migration_that_is_tried_has_the_shape_that_is_documented() {
    let app = App::empty();
    let run = |line: &str| -> Value {
        let call = app.ops_of_wallets(&format!("{line} --format json"));
        let call = call.variable("DATABASE_URL", "sqlite:app.db?mode=rwc");
        serde_json::from_str(&call.variable("TEST_MIGRATES", "1").stdout()).unwrap()
    };
    run("seed:apply");
    let again = "DELETE FROM kumiko_es_operations;
                 INSERT INTO kumiko_events
                     (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
                 VALUES ('00000000-0000-0000-0000-000000000001', 'wallet', '00000000-0000-4000-8000-000000000000',
                         1, 'named', '{\"name\": \"a\"}', '{}', 'somebody')";
    sqlite(&app.path("app.db"), again);
    let tried = run("seed:apply --dry-run");
    assert_valid(&tried, "seed-apply-dry-run");
    let migration = &tried["seeds"][0]["migration"];
    assert_eq!(
        (&migration["streams"], &migration["events"]),
        (&1.into(), &1.into())
    );
    let change = &migration["diffs"][0]["changes"][1];
    assert_eq!(
        (&change["event_type"], change.get("payload")),
        (&"called".into(), None)
    );
    let tried = run("seed:apply --dry-run --payloads");
    assert_valid(&tried, "seed-apply-dry-run");
    let change = &tried["seeds"][0]["migration"]["diffs"][0]["changes"][1];
    assert_eq!(change["payload"], "a");
}

#[test]
fn a_package_without_seeds_has_an_empty_list() {
    let app = App::fixture("shop");
    app.remove("seeds/2026-01-10-first.rs");
    app.remove("seeds/2026-02-20-second.rs");
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    assert_valid(
        &documents(&app, "sqlite:shop.db", "seed:status"),
        "seed-status",
    );
}

#[test]
fn the_documented_examples_have_the_shape_that_they_explain() {
    let text = fs::read_to_string(workspace().join("cargo-kumiko-ops/JSON.md")).unwrap();
    for (command, name) in [
        ("seed:status", "seed-status"),
        ("seed:status --databases", "seed-status-of-each"),
        ("seed:history", "seed-history"),
        ("seed:apply --databases", "seed-apply-each"),
        ("seed:show", "seed-show"),
        ("seed:apply", "seed-apply"),
        ("seed:apply --dry-run", "seed-apply-dry-run"),
        ("seed:verify", "seed-verify"),
        ("seed:work", "seed-work"),
        ("seed:pause", "seed-steered"),
        ("projection:status", "projection-status"),
        ("projection:check", "projection-check"),
        ("stream:archive", "stream-archive"),
        ("stream:list", "stream-list"),
        ("stream:purge", "stream-purge"),
        ("stream:purge --dry-run", "stream-purge-dry-run"),
        ("stream:import", "stream-import"),
        ("event:replay --dry-run", "event-replay-dry-run"),
    ] {
        let (_, section) = text.split_once(&format!("## `{command}`\n")).unwrap();
        let (_, example) = section.split_once("```json\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        assert_valid(&serde_json::from_str(example).unwrap(), name);
    }
}

#[test]
fn a_run_has_the_shape_that_is_documented_whether_it_fails_or_not() {
    let app = App::example("json-shapes");
    app.write("seeds/2026-12-01-fails.rs", FAILS);
    app.build_ops_binary();
    let run = |line: &str| -> Value {
        let call = app.ops_binary(&format!("{line} --format json"));
        let call = call.variable("DATABASE_URL", "sqlite:app.db?mode=rwc");
        serde_json::from_str(&call.stdout()).unwrap()
    };
    let verified = run("seed:verify");
    assert_valid(&verified, "seed-verify");
    assert_eq!(verified["problems"].as_array().unwrap().len(), 1);

    let tried = run("seed:apply --dry-run --to 2026-05-20-grant-tenant-admin");
    assert_valid(&tried, "seed-apply-dry-run");
    assert_eq!(tried["seeds"][0]["events"].as_array().unwrap().len(), 5);
    let refused = run("seed:apply --dry-run");
    assert_valid(&refused, "seed-apply-dry-run");

    let applied = run("seed:apply --to 2026-05-20-grant-tenant-admin");
    assert_valid(&applied, "seed-apply");
    assert_eq!(applied["applied"][1]["events"], 2);
    let stopped = run("seed:apply");
    assert_valid(&stopped, "seed-apply");
    for failed in [refused, stopped] {
        let error = failed["failed"]["error"].as_str().unwrap();
        assert!(error.contains("no write handler is registered"), "{error}");
    }
}

const FAILS: &str = r#"use crate::database::{SeedContext, SeedResult};

pub const DESCRIPTION: &str = "Calls a handler that there is not";

pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {
    ctx.system_write_as("tenant:write:no-such-handler", ()).await?;
    Ok(())
}
"#;
