//! An app whose seeds, errors and panics are made to steer a terminal, and whose database has a password: what
//! its ops binary prints and logs, and what other users of the machine can see of it.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kumiko_tests::database::{TestDatabase, server_url};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres};

use crate::app::{App, Call};
use crate::database::{postgres, wait};
use crate::harmless::{HOSTILE, assert_harmless, json};
use crate::program::program;

/// The example on PostgreSQL, with its ops binary built. The variable `HOW` says what its second seed does in the
/// end; the third one is written by hand and has the text everywhere.
fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    APP.get_or_init(|| {
        let app = App::example("hostile-app");
        app.edit(
            "Cargo.toml",
            "default = [\"sqlite\"]",
            "default = [\"postgres\"]",
        );
        app.edit(
            "Cargo.toml",
            "uuid = { workspace",
            "tracing.workspace = true\nuuid = { workspace",
        );
        app.edit(
            "seeds/2026-05-20-grant-tenant-admin.rs",
            "    Ok(())\n",
            "    crate::hostile::end().await\n",
        );
        app.edit(
            "src/lib.rs",
            "SeedRunner::new(SEEDS)",
            "SeedRunner::new(hostile::seeds())",
        );
        app.edit(
            "src/lib.rs",
            "mod membership;",
            "pub mod hostile;\nmod membership;",
        );
        let hostile =
            include_str!("hostile_app.txt").replace("HOSTILE_TEXT", &format!("{HOSTILE:?}"));
        app.write("src/hostile.rs", &hostile);
        app.edit(
            "src/bin/admin-roles-ops.rs",
            "    kumiko_seeds",
            "    admin_roles::hostile::start_log();\n    kumiko_seeds",
        );
        app.build_ops_binary();
        app
    })
}

fn ops<'a>(line: &str, how: &str, database: &TestDatabase<Postgres>) -> Call<'a> {
    app()
        .ops_binary(line)
        .variable("HOW", how)
        .variable("DATABASE_URL", &database.url)
}

#[track_caller]
fn assert_ends(call: Call<'_>, code: i32) -> Output {
    let output = call.output();
    assert_harmless(&output);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    output
}

#[test]
fn whatever_a_seed_is_named_and_does_is_printed_without_harm() {
    let database = postgres("");
    for line in [
        "seed:status",
        "seed:status --pending",
        "seed:verify",
        "seed:apply --dry-run",
    ] {
        assert_ends(ops(line, "", &database), 0);
    }
    for how in ["fail", "panic", "preflight"] {
        for line in ["seed:apply --dry-run", "seed:apply"] {
            assert_ends(ops(line, how, &database), 1);
        }
        let failed = json(&assert_ends(
            ops("seed:apply --format json", how, &database),
            1,
        ));
        assert!(failed["failed"]["error"].is_string(), "{failed}");
    }
    assert_ends(ops("seed:verify --format json", "preflight", &database), 1);

    let warned = ops("seed:apply --format json", "", &database)
        .variable(&format!("KUMIKO_SKIP_ES_OPS_{HOSTILE}_2"), HOSTILE)
        .variable("KUMIKO_SKIP_ES_OPS_2026_05_20_GRANT_TENANT_ADMIN", HOSTILE);
    let applied = json(&assert_ends(warned, 0));
    assert_eq!(applied["applied"][1]["id"], HOSTILE, "{applied}");
    assert_eq!(
        applied["warnings"].as_array().map(Vec::len),
        Some(2),
        "{applied}"
    );
    wait(database.remove());
}

#[test]
fn whoever_holds_the_lock_is_named_without_harm() {
    let database = postgres("");
    wait(async {
        let mut holder = PgConnection::connect(&database.url).await.unwrap();
        let name = HOSTILE.replace('\'', "''");
        let sql = format!(
            "SET application_name = '{name}'; SELECT pg_advisory_lock({})",
            0x6573_6f70
        );
        holder
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
        let output = assert_ends(ops("seed:apply --lock-timeout 0", "", &database), 2);
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(shown.contains("owned"), "the holder is not named: {shown}");
        holder.close().await.unwrap();
    });
    wait(database.remove());
}

/// The password of the server of the tests.
fn password() -> String {
    let url = server_url();
    let (user, _) = url.split_once('@').unwrap();
    user.rsplit_once(':').unwrap().1.to_owned()
}

#[track_caller]
fn assert_has_no_password(what: &str, text: &str) {
    assert!(
        !text.contains(&password()),
        "{what} has the password: {text}"
    );
}

#[test]
fn no_password_is_printed_or_logged() {
    let database = postgres("");
    let log = app().path("trace.log");
    for (how, line, code) in [
        ("", "seed:status", 0),
        ("fail", "seed:apply --format json", 1),
        ("", "seed:apply", 0),
        ("", "seed:unmark 2026-05-20-grant-tenant-admin", 2),
        ("", "seed:apply --only nonsense", 2),
    ] {
        let output = ops(line, how, &database)
            .variable("LOG", log.to_str().unwrap())
            .output();
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        let logged = fs::read_to_string(&log).unwrap();
        assert_has_no_password(line, &format!("{output:?} {logged}"));
        if line == "seed:apply" {
            assert!(
                logged.contains("INFO kumiko_seeds"),
                "nothing is logged: {logged}"
            );
            assert!(logged.contains("sqlx"), "the driver does not log: {logged}");
        }
    }
    wait(database.remove());
    // A server that nobody reaches, a database that is not there, a password that is not the right one.
    let url = server_url();
    let (server, _) = url.rsplit_once('/').unwrap();
    let password = password();
    for url in [
        format!("{server}/kumiko_test_nowhere"),
        format!("postgres://postgres:{password}@127.0.0.1:1/a"),
        format!("{server}x/a"),
        format!("someone:{password}@127.0.0.1/a"),
        format!("postgres://postgres:12/{password}@127.0.0.1/a"),
        format!("postgres:///postgres:{password}@127.0.0.1/a"),
        format!("postgres:postgres:{password}@127.0.0.1/a"),
        format!("postgres://127.0.0.1:1/a?password={password}&sslmode=wrong"),
        format!("postgres://127.0.0.1:1/a?password={password}"),
    ] {
        let output = app()
            .ops_binary("seed:apply")
            .variable("DATABASE_URL", &url)
            .variable("LOG", log.to_str().unwrap())
            .output();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let logged = fs::read_to_string(&log).unwrap();
        assert_has_no_password("a URL that is not right", &format!("{output:?} {logged}"));
        let shown = app()
            .command("seed:status")
            .variable("DATABASE_URL", &url)
            .run();
        assert_has_no_password("seed:status", &shown);
    }
}

/// What is typed is in the arguments of the program that is typed, and there it ends.
#[cfg(target_os = "linux")]
#[test]
fn no_process_that_is_started_has_the_password_in_its_arguments() {
    let database = postgres("");
    let go_on = app().path("go-on");
    drop(fs::remove_file(&go_on));
    let line = format!("seed:apply --database-url {}", database.url);
    // As if it had been changed, so that Cargo and the compiler run.
    app().edit("src/bin/admin-roles-ops.rs", "//! ", "//! Again: ");
    let mut seen = BTreeSet::new();
    let call = app().command(&line).variable("HOW", "wait");
    let output = call.output_attended(|mut child| {
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(
                begin.elapsed() < Duration::from_secs(500),
                "it does not end: {seen:?}"
            );
            let before = seen.len();
            seen.extend(arguments_below(&child));
            let is_applying = seen
                .iter()
                .any(|arguments| arguments.contains("seed:apply"));
            if is_applying && before == seen.len() {
                fs::write(&go_on, "").unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    });
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for started in ["build", "rustc", "seed:apply"] {
        assert!(
            seen.iter().any(|arguments| arguments.contains(started)),
            "no {started}: {seen:?}"
        );
    }
    for arguments in &seen {
        assert_has_no_password("the list of processes", arguments);
    }
    wait(database.remove());
}

/// The arguments of a process and of all that it has started, but for those that were typed.
#[cfg(target_os = "linux")]
fn arguments_below(child: &Child) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ids: Vec<u32> = ids.collect();
    let below = ids.into_iter().filter(|&id| is_below(id, child.id()));
    let arguments = below.filter_map(|id| fs::read_to_string(format!("/proc/{id}/cmdline")).ok());
    let typed = program().to_str().unwrap();
    arguments
        .filter(|arguments| {
            !arguments.is_empty()
                && Path::new(arguments.split('\0').next().unwrap()) != Path::new(typed)
        })
        .map(|arguments| arguments.replace('\0', " "))
        .collect()
}

/// Whether a process is the one of `ancestor` or was started by it or by one below it.
#[cfg(target_os = "linux")]
fn is_below(mut id: u32, ancestor: u32) -> bool {
    while id > 1 && id != ancestor {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        id = parent
            .and_then(|parent| parent.trim().parse().ok())
            .unwrap_or_default();
    }
    id == ancestor
}
