//! Signals during `seed:apply`.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use kumiko_tests::database::TestDatabase;
use sqlx::Postgres;

use crate::app::App;
use crate::database::{postgres, texts, wait};
use crate::transcript::assert_shows;

const MARKERS: &str =
    "SELECT id FROM kumiko_es_operations WHERE operation_type = 'seed-migration' ORDER BY id";
const EVENTS: &str = "SELECT CAST(count(*) AS text) FROM kumiko_events";

/// An app whose second seed writes, then waits `how`, and then would go on.
fn app(name: &str, how: &str) -> App {
    let app = App::example(name);
    app.edit(
        "seeds/2026-05-20-grant-tenant-admin.rs",
        "    Ok(())\n",
        &format!("    {how};\n    Ok(())\n"),
    );
    app
}

/// Runs the subcommand, and sends it signals once the second seed has begun.
///
/// They go to the subcommand alone, as a supervisor would send them.
fn interrupted(app: &App, line: &str, url: &str, signals: &[&str]) -> String {
    let call = app.command(line).variable("DATABASE_URL", url);
    call.run_attended(|mut child| {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut shown = String::new();
        while !shown.contains("ing 2026-05-20-grant-tenant-admin\n") {
            assert!(stderr.read_line(&mut shown).unwrap() > 0, "{shown}");
        }
        for signal in signals {
            // The seed is to be in the middle of what it does.
            std::thread::sleep(Duration::from_millis(300));
            send(signal, &child);
        }
        let begin = Instant::now();
        stderr.read_to_string(&mut shown).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(20), "it went on");
        Output {
            stderr: shown.into_bytes(),
            ..output
        }
    })
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

const STOPPED: &str = "\
applying 2026-03-02-initial-tenants
applied 2026-03-02-initial-tenants in [time]
applying 2026-05-20-grant-tenant-admin
error: interrupted by SIGINT (Ctrl-C)
note: stopped at: 2026-05-20-grant-tenant-admin; applied before: 2026-03-02-initial-tenants; not attempted: none; nothing of it is kept, and the next run goes on there
note: 1 applied, 1 still to apply, in [time]
help: go on from there:
    cargo kumiko-ops seed:apply";

#[test]
fn ctrl_c_rolls_the_seed_back_and_says_how_to_go_on() {
    let app = app(
        "interrupt",
        "tokio::time::sleep(std::time::Duration::from_secs(60)).await",
    );
    let shown = interrupted(
        &app,
        "seed:apply",
        "sqlite:admin-roles.db?mode=rwc",
        &["INT"],
    );
    assert_shows(&shown, &format!("exit 130\n-- stderr\n{STOPPED}"));
    let file = app.path("admin-roles.db");
    assert_eq!(wait(texts(&file, MARKERS)), ["2026-03-02-initial-tenants"]);
    assert_eq!(wait(texts(&file, EVENTS)), ["5"]);

    let line = "seed:apply --format json";
    let shown = interrupted_again(&app, line, "TERM");
    assert_shows(
        &shown,
        "\
exit 143
-- stdout
{
  \"version\": 1,
  \"applied\": [],
  \"applied_elsewhere\": [],
  \"skipped\": [],
  \"not_here\": [],
  \"failed\": {
    \"id\": \"2026-05-20-grant-tenant-admin\",
    \"error\": \"the run was told to stop\"
  },
  \"not_attempted\": [],
  \"failed_in_background\": [],
  \"left\": [],
  \"warnings\": [],
  \"duration_ms\": [time]
}
-- stderr
applying 2026-05-20-grant-tenant-admin
error: interrupted by SIGTERM
note: stopped at: 2026-05-20-grant-tenant-admin; applied before: none; not attempted: none; nothing of it is kept, and the next run goes on there
note: 0 applied, 1 still to apply, in [time]
help: go on from there:
    cargo kumiko-ops seed:apply --format json
",
    );
    let shown = interrupted_again(&app, "seed:apply --dry-run", "INT");
    assert_shows(
        &shown,
        "\
exit 130
-- stderr
trying 2026-05-20-grant-tenant-admin
error: interrupted by SIGINT (Ctrl-C)
note: nothing was kept: a dry run is rolled back however it ends
",
    );
}

fn interrupted_again(app: &App, line: &str, signal: &str) -> String {
    interrupted(app, line, "sqlite:admin-roles.db?mode=rwc", &[signal])
}

/// A seed that never lets go of the thread cannot be rolled back in order, but can be ended.
#[test]
fn a_second_signal_ends_a_seed_that_computes() {
    let app = app(
        "interrupt-twice",
        "std::thread::sleep(std::time::Duration::from_secs(60))",
    );
    let shown = interrupted(
        &app,
        "seed:apply",
        "sqlite:admin-roles.db?mode=rwc",
        &["INT", "INT"],
    );
    let (progress, _) = STOPPED.split_once("error: ").unwrap_or_default();
    assert_shows(&shown, &format!("exit 130\n-- stderr\n{progress}"));
    let file = app.path("admin-roles.db");
    assert_eq!(wait(texts(&file, MARKERS)), ["2026-03-02-initial-tenants"]);
    assert_eq!(wait(texts(&file, EVENTS)), ["5"]);
}

#[test]
fn postgres_keeps_nothing_of_the_seed_either() {
    let database: TestDatabase<Postgres> = postgres("");
    let app = app(
        "interrupt-postgres",
        "tokio::time::sleep(std::time::Duration::from_secs(60)).await",
    );
    let shown = interrupted(&app, "seed:apply -F postgres", &database.url, &["INT"]);
    assert_shows(
        &shown,
        &format!("exit 130\n-- stderr\n{STOPPED} --features postgres"),
    );
    assert_eq!(
        wait(database.texts(MARKERS)),
        ["2026-03-02-initial-tenants"]
    );
    assert_eq!(wait(database.texts(EVENTS)), ["5"]);
    wait(database.remove());
}
