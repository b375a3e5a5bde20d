//! The test that `seed:new --test` writes, run by Cargo: it fails and passes for the right reasons, and its database stays
//! where it fails.

use std::path::PathBuf;

use crate::app::App;
use crate::database::{texts, wait};
use kumiko_tests::database::{Engine, TestDatabase};
use sqlx::Postgres;

const SEED: &str = "seeds/2026-06-01-fix.rs";
const TEST: &str = "tests/2026_06_01_fix.rs";
const UNWRITTEN: &str = "Err(format!(\"{} is not written yet\", ctx.id()).into())";

/// The copy of the example, with a seed that is not written and its test.
fn app_with_a_test(name: &str, database: &str) -> App {
    let app = App::example(name);
    app.edit(
        "Cargo.toml",
        "default = [\"sqlite\"]",
        &format!("default = [\"{database}\"]"),
    );
    let shown = app.command("seed:new Fix --date 2026-06-01 --test").run();
    // The example has what the test needs.
    let expected =
        format!("exit 0\n-- stdout\n{SEED}\n{TEST}\n-- stderr\nnote: \"Fix\" is named fix\nnext: ");
    assert!(shown.starts_with(&expected), "{shown}");
    app
}

/// What the harness shows of a test that ends in the line with this statement.
#[track_caller]
fn assert_ends_at(app: &App, output: &str, error: &str, statement: &str) {
    let source = app.read(TEST);
    let mut lines = source.lines();
    let line = 1 + lines.position(|line| line.contains(statement)).unwrap();
    let expected = format!("Error: {error}\nat {TEST}:{line}\n");
    assert!(output.contains(&expected), "no\n{expected}in\n{output}");
    assert!(output.contains("FAILED. 0 passed; 1 failed"), "{output}");
}

#[track_caller]
fn assert_passes(output: &str) {
    assert!(output.contains("test result: ok. 1 passed"), "{output}");
    assert!(!output.contains("warning"), "{output}");
}

const NOT_WRITTEN: &str =
    "seed 2026-06-01-fix failed\ncaused by: 2026-06-01-fix is not written yet";

#[test]
fn on_sqlite_it_fails_until_the_seed_does_what_it_should() {
    let app = app_with_a_test("scaffolded-test", "sqlite");
    let output = app.cargo_test("2026_06_01_fix");
    assert_ends_at(&app, &output, NOT_WRITTEN, "database.apply(SEED)");
    // The seeds before it are applied in the file that stays.
    let file = file_that_stays(&output);
    let markers =
        "SELECT id FROM kumiko_es_operations WHERE operation_type = 'seed-migration' ORDER BY id";
    let expected = [
        "2026-03-02-initial-tenants",
        "2026-05-20-grant-tenant-admin",
    ];
    assert_eq!(wait(texts(&file, markers)), expected);

    // The examples in its comments, with the table that they are about.
    let test = app.read(TEST).replace("    //     ", "    ");
    let given = "    database.execute(\"INSERT";
    let table =
        "    database.execute(\"CREATE TABLE memberships (id integer, roles text)\").await?;\n";
    app.write(TEST, &test.replace(given, &format!("{table}{given}")));
    app.edit(SEED, UNWRITTEN, "let _ = ctx;\n    Ok(())");
    let output = app.cargo_test("2026_06_01_fix");
    let nothing_done = "other rows than expected (- expected, + found) for:
    SELECT roles FROM memberships
  - {\"roles\": \"Admin, TenantAdmin\"}
  + {\"roles\": \"Admin\"}";
    assert_ends_at(&app, &output, nothing_done, "database.check_rows(");
    // A look is for as long as nothing newer is there to be looked at.
    assert!(!file.exists());
    let file = file_that_stays(&output);

    let update = "let sql = \"UPDATE memberships SET roles = roles || ', TenantAdmin'\";
    sqlx::query(sql).execute(ctx.unmanaged_db().await?).await?;\n    Ok(())";
    app.edit(SEED, "let _ = ctx;\n    Ok(())", update);
    let output = app.cargo_test("2026_06_01_fix");
    let twice =
        "seed 2026-06-01-fix, run a second time, has changed what was there (- before, + after):
  table \"memberships\"
    - {\"id\": 1, \"roles\": \"Admin, TenantAdmin\"}
    + {\"id\": 1, \"roles\": \"Admin, TenantAdmin, TenantAdmin\"}";
    assert_ends_at(&app, &output, twice, "database.check_second_run(SEED)");
    assert!(!file.exists());
    let file = file_that_stays(&output);

    app.edit(
        SEED,
        "TenantAdmin'\"",
        "TenantAdmin' WHERE roles = 'Admin'\"",
    );
    assert_passes(&app.cargo_test("2026_06_01_fix"));
    assert!(!file.exists());
    let databases = file.ancestors().nth(2).unwrap().read_dir().unwrap();
    let names = databases.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names
        .filter(|name| name.contains("it_is_applied"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // That of a seed of many steps is the same.
    let line = "seed:new many --date 2026-05-31 --batch --test";
    app.command(line).run();
    let output = app.cargo_test("2026_05_31_many");
    let not_written = NOT_WRITTEN.replace("06-01-fix", "05-31-many");
    assert!(output.contains(&not_written), "{output}");
    assert!(!output.contains("warning"), "{output}");
    let all_done = "ctx.db().await?;\n    Ok(kumiko_seeds::Batch::new(None, 0))";
    app.edit("seeds/2026-05-31-many.rs", UNWRITTEN, all_done);
    assert_passes(&app.cargo_test("2026_05_31_many"));
}

/// Where the output says that a SQLite file stays.
fn file_that_stays(output: &str) -> PathBuf {
    let said = "note: the database of the test stays for a look, until the test runs again:\n    sqlite3 '";
    let (_, path) = output.split_once(said).expect(output);
    let (path, _) = path.split_once('\'').unwrap();
    let file = PathBuf::from(path);
    assert!(file.is_file(), "{output}");
    file
}

#[test]
fn on_postgres_it_has_a_database_on_the_server_that_is_named_or_on_one_that_it_starts() {
    let app = app_with_a_test("scaffolded-test-on-postgres", "postgres");
    let output = app.cargo_test("2026_06_01_fix");
    assert_ends_at(&app, &output, NOT_WRITTEN, "database.apply(SEED)");
    let gone =
        "note: the database of the test goes with the server that was started for the tests; ";
    assert!(output.contains(gone), "{output}");

    let server = std::env::var("KUMIKO_TEST_POSTGRES_URL").unwrap();
    let output = app.cargo_test_on("2026_06_01_fix", &server);
    assert_ends_at(&app, &output, NOT_WRITTEN, "database.apply(SEED)");
    let said = "note: the database of the test stays for a look, until the test runs again: ";
    let (_, name) = output.split_once(said).expect(&output);
    let (name, rest) = name.split_once(" on ").unwrap();
    let look = format!("psql \"$TEST_DATABASE_URL\" and then \\connect {name}\n");
    assert!(rest.contains(&look), "{output}");
    let on_server: TestDatabase<Postgres> = wait(Postgres::create());
    // Others may use the same server.
    let sought = format!("SELECT CAST(datname AS text) FROM pg_database WHERE datname = '{name}'");
    let is_there = || wait(on_server.texts(&sought)) == [name];
    assert!(is_there());

    app.edit(SEED, UNWRITTEN, "let _ = ctx;\n    Ok(())");
    assert_passes(&app.cargo_test("2026_06_01_fix"));
    for _ in 0..2 {
        assert_passes(&app.cargo_test_on("2026_06_01_fix", &server));
        assert!(!is_there());
    }
    wait(on_server.remove());

    let output = app.cargo_test_on("2026_06_01_fix", "postgres://localhost:1/none");
    let refused =
        "Error: could not connect to the server that TEST_DATABASE_URL names\ncaused by: ";
    assert!(output.contains(refused), "{output}");
    let output = app.cargo_test_on("2026_06_01_fix", "none");
    let expected = "Error: TEST_DATABASE_URL is no URL of a PostgreSQL server\ncaused by: ";
    assert!(output.contains(expected), "{output}");
    let help = "\nhelp: write it like this:\n    export TEST_DATABASE_URL=postgres://user:password@localhost/postgres\n";
    assert!(output.contains(help), "{output}");
}
