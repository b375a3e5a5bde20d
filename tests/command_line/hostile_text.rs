//! Names, descriptions, rows and arguments that were made to steer a terminal or to forge what is printed.

#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Output;

use kumiko_tests::database::Engine;
use sqlx::Sqlite;

use crate::app::App;
use crate::database::{
    POSTGRES_PROGRESS, POSTGRES_TABLE, SQLITE_PROGRESS, SQLITE_TABLE, postgres, sqlite, wait,
};
use crate::harmless::{HOSTILE, assert_harmless, json};

/// Rows that another program may have written, in every text that a row has. The last is a mark by hand.
fn rows() -> String {
    let values = format!("'2026-03-01T12:30:00.250Z', 1500, '{HOSTILE}', '{HOSTILE}'");
    let columns = "id, operation_type, applied_at, duration_ms, applied_by, notes";
    let row = |id: &str, kind: &str| {
        format!("INSERT INTO kumiko_es_operations ({columns}) VALUES ('{id}', '{kind}', {values});")
    };
    [
        row(HOSTILE, "seed-migration"),
        row(&format!("A/{HOSTILE}"), "seed-migration"),
        row("2026-01-10-first", "seed-migration"),
        row(&format!("{HOSTILE}:2"), HOSTILE),
    ]
    .concat()
}

/// An app with a description that is made to deceive.
fn app() -> App {
    let app = App::fixture("shop");
    app.edit(
        "seeds/2026-02-20-second.rs",
        "\"What came second\"",
        &format!("{HOSTILE:?}"),
    );
    app
}

#[track_caller]
fn harmless(app: &App, words: &[&str], url: &str) -> Output {
    let output = app
        .call(words.iter().copied())
        .variable("DATABASE_URL", url)
        .output();
    assert_harmless(&output);
    output
}

/// Runs the commands that build nothing, whose results have the texts in them.
fn look(url: &str) {
    let app = app();
    for words in [
        &["seed:status"][..],
        &["seed:status", "--pending"],
        &["seed:status", "--format", "github"],
        &["seed:show", "2026-01-10-first"],
        &["seed:show", "2026-02-20-second"],
        &["seed:show", HOSTILE],
        &["seed:show", "2026-02-20-second", "--format", "json"],
    ] {
        let output = harmless(&app, words, url);
        assert_eq!(output.status.code(), Some(0), "{words:?} {output:?}");
    }
    let status = json(&harmless(&app, &["seed:status", "--format", "json"], url));
    let seeds = status["seeds"].as_array().unwrap();
    let find = |id: &str| seeds.iter().find(|seed| seed["id"] == id).unwrap();
    assert_eq!(find(HOSTILE)["applied_by"], HOSTILE);
    assert_eq!(find(HOSTILE)["description"], HOSTILE);
    assert_eq!(find("2026-02-20-second")["description"], HOSTILE);
    let shown = json(&harmless(
        &app,
        &["seed:show", "2026-01-10-first", "--format", "json"],
        url,
    ));
    assert_eq!(shown["marker"]["notes"], HOSTILE);

    let output = harmless(&app, &["seed:mark", "2026-01-10-first", "--yes"], url);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    for id in [HOSTILE, &format!("A/{HOSTILE}")] {
        // Nobody can be asked here, and the answer to that repeats what was typed.
        let output = harmless(&app, &["seed:unmark", id], url);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let output = harmless(&app, &["seed:unmark", id, "--yes"], url);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn rows_and_descriptions_in_every_command_on_sqlite() {
    let database = wait(Sqlite::create());
    wait(database.execute(&format!("{SQLITE_TABLE}{}", rows())));
    look(&database.url);
    wait(database.remove());
}

#[test]
fn rows_and_descriptions_in_every_command_on_postgres() {
    let database = postgres(&format!("{POSTGRES_TABLE}{}", rows()));
    look(&database.url);
    wait(database.remove());
}

#[test]
fn how_far_a_seed_is_in_every_command() {
    let id = "2026-01-10-first";
    let far = format!(
        "INSERT INTO kumiko_es_progress VALUES
         ('{id}', 'seed-migration', 'failed', '{HOSTILE}', '\"{HOSTILE}\"', 1, 2, 1, 1, 1, 3, '{HOSTILE}', '{HOSTILE}',
          '{HOSTILE}', '2026-06-01T09:00:00.000Z', '2026-06-01T09:00:04.100Z', 3529),
         ('{HOSTILE}', 'seed-migration', 'running', NULL, NULL, 0, NULL, 0, 0, 1, 0, NULL, NULL, NULL,
          '2026-06-01T09:00:00.000Z', '2026-06-01T09:00:04.100Z', 0);"
    );
    let app = app();
    let database = postgres(&format!("{POSTGRES_TABLE}{POSTGRES_PROGRESS}{far}"));
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{far}"),
    );
    for url in ["sqlite:shop.db", &database.url] {
        for words in [
            &["seed:status"][..],
            &["seed:status", "--format", "github"],
            &["seed:show", id],
            &["seed:pause", HOSTILE],
            &["seed:cancel", HOSTILE, "--yes"],
            &["seed:retry", HOSTILE],
        ] {
            let output = harmless(&app, words, url);
            assert_eq!(output.status.code(), Some(0), "{words:?} {output:?}");
        }
        let output = harmless(&app, &["seed:resume", HOSTILE], url);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let paused = json(&harmless(
            &app,
            &["seed:pause", id, "--format", "json"],
            url,
        ));
        assert_eq!(
            (&paused["error"], &paused["worker"]),
            (&HOSTILE.into(), &HOSTILE.into())
        );
    }
    wait(database.remove());
}

#[test]
fn arguments_that_are_repeated_in_errors() {
    let app = app();
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    let path = format!("{HOSTILE}/Cargo.toml");
    let url = format!("sqlite:{HOSTILE}.db");
    for words in [
        &[HOSTILE][..],
        &["seed:status", HOSTILE],
        &["seed:status", "--format", HOSTILE],
        &["seed:status", "-p", HOSTILE],
        &["seed:status", "--manifest-path", &path],
        &["seed:status", "--database-url", &url],
        &["seed:status", "--database-url", HOSTILE],
        &["seed:show", "2026-99-99-x\u{1b}[2J\u{202e}"],
        &["seed:apply", "--only", HOSTILE],
        &["seed:new", HOSTILE, "--template", HOSTILE],
        &["seed:new", HOSTILE, "--date", HOSTILE],
        &["seed:new", "\u{1b}\u{202e}"],
        &["seed:new", "x", "--edit", "-p", HOSTILE],
        &["init", "--path", HOSTILE],
        &["man", "--out", "/proc/x\u{1b}[2J\u{202e}"],
    ] {
        let output = app
            .call(words.iter().copied())
            .variable("DATABASE_URL", "sqlite:shop.db")
            .variable("VISUAL", HOSTILE)
            .output();
        assert_harmless(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?} {output:?}");
    }
}

#[test]
fn a_new_seed_has_a_name_that_can_be_printed() {
    let app = app();
    let output = app
        .call(["seed:new", HOSTILE, "--date", "2026-09-09"])
        .output();
    assert_harmless(&output);
    let path = "seeds/2026-09-09-x-0-owned-2j-error-forged-31m-y.rs";
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{path}\n")
    );
    let seeds = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let words: Vec<&str> = HOSTILE
        .split(['\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(seeds[2].description, words.join(" ").replacen('x', "X", 1));
}

/// A folder may hold anything; what is no seed is named in an error.
#[test]
fn file_names_and_folders() {
    let app = App::fixture("two-apps");
    let name = HOSTILE.replace('/', "");
    app.write(&format!("billing/seeds/{name}.rs"), "");
    app.write(&format!("billing/seeds/2026-05-20-{name}.rs"), "");
    app.write(
        "billing/seeds/2026-05-21-source.rs",
        &format!("fn run() {{}} // {name}"),
    );
    std::fs::write(
        app.path("billing/seeds")
            .join(OsStr::from_bytes(b"\xff\x1b[2J.rs")),
        "",
    )
    .unwrap();
    let problems = app
        .command("seed:status -p billing --database-url sqlite:a.db")
        .output();
    assert_harmless(&problems);
    let lines = String::from_utf8(problems.stderr).unwrap();
    assert_eq!(lines.matches("\n  ").count(), 4, "{lines}");

    let app = App::fixture("shop");
    let folder = format!("in {name}");
    for file in ["Cargo.toml", "src/lib.rs", "seeds/2026-01-10-first.rs"] {
        app.write(&format!("{folder}/{file}"), &app.read(file));
    }
    app.write(&format!("{folder}/.env"), "DATABASE_URL=sqlite:none.db\n");
    for line in [
        "seed:status",
        "seed:show 2026-01-10-first",
        "seed:new x",
        "init",
        "init --yes",
    ] {
        let output = app.command(line).from(&folder).output();
        assert_harmless(&output);
    }
}

#[test]
fn variables_that_are_no_text() {
    let app = app();
    sqlite(&app.path("shop.db"), SQLITE_TABLE);
    let bytes = OsStr::from_bytes(b"\xff\x1b[2J");
    let flag = OsStr::from_bytes(b"KUMIKO_SKIP_ES_OPS_\xff\x1b[2J");
    let named = app
        .command("seed:status --database-url sqlite:shop.db")
        .variable_of_the_system("KUMIKO_SKIP_ES_OPS_2026_01_10_FIRST", bytes)
        .variable_of_the_system(flag, "1")
        .variable_of_the_system("KUMIKO_OPS_PROGRAM", bytes)
        .output();
    assert_harmless(&named);
    assert_eq!(named.status.code(), Some(0), "{named:?}");
    let unnamed = app
        .command("seed:status")
        .variable_of_the_system("DATABASE_URL", bytes)
        .output();
    assert_harmless(&unnamed);
    assert_eq!(unnamed.status.code(), Some(2), "{unnamed:?}");
}
