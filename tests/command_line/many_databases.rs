//! `seed:apply` and `seed:status` in many databases.

use crate::app::App;
use crate::database::{SQLITE_TABLE, marker, postgres, sqlite, wait};
use crate::transcript::assert_shows;

fn call(app: &App, line: &str, url: &str) -> String {
    let call = app.ops_of_steps(line).variable("DATABASE_URL", url);
    call.run()
        .replace(env!("CARGO_BIN_EXE_ops-of-steps"), "ops")
}

/// The lines of stderr about one target, which come in their order, whatever comes between them.
fn about<'s>(shown: &'s str, target: &str) -> Vec<&'s str> {
    let lines = shown.lines();
    lines
        .filter_map(|line| line.strip_prefix(target)?.strip_prefix(": "))
        .collect()
}

/// What was shown but for the progress of `targets`.
fn without_progress(shown: &str, targets: &[&str]) -> String {
    let is_progress = |line: &&str| {
        let mut targets = targets.iter();
        targets.any(|target| line.starts_with(&format!("{target}: ")))
    };
    let lines = shown.lines().filter(|line| !is_progress(line));
    lines.map(|line| line.to_owned() + "\n").collect()
}

const SCHEMAS: &str = "
    CREATE SCHEMA t_1; CREATE SCHEMA t_2; CREATE SCHEMA t_3; CREATE SCHEMA t_4; CREATE SCHEMA other;
    CREATE TABLE t_3.kumiko_es_operations (id integer)";
const OTHER_SHAPE: &str = "the table kumiko_es_operations has another shape; expected the columns id, operation_type, applied_at, \
                           duration_ms, applied_by and notes: the database says: column \"operation_type\" does not exist (code 42703)";

#[test]
fn each_schema_is_done_and_what_failed_is_done_again() {
    let app = App::empty();
    let database = postgres(SCHEMAS);
    let call = |line: &str| call(&app, line, &database.url);
    let apply = |words: &str| {
        let shown = call(&format!("seed:apply --each-schema t\\_% {words}"));
        without_progress(&shown, &["t_1", "t_2", "t_3", "t_4"])
    };
    assert_shows(
        &apply("--canary t_3"),
        &format!(
            "\
exit 1
-- stdout
TARGET  OUTCOME        SEEDS  REMARK
t_1     not attempted
t_2     not attempted
t_3     failed         0      {OTHER_SHAPE}
t_4     not attempted

1 failed, 3 not attempted, of 4 targets in [time]
-- stderr
error: 1 of 4 targets failed
note: the canary failed, so no other target was touched
help: correct what failed and run this again; it goes on where something is pending:
    ops seed:apply --each-schema \"t\\\\_%\" --canary t_3
"
        ),
    );
    assert_shows(
        &apply("--foreground"),
        &format!(
            "\
exit 1
-- stdout
TARGET  OUTCOME  SEEDS  REMARK
t_1     applied  1      2 left to the background
t_2     applied  1      2 left to the background
t_3     failed   0      {OTHER_SHAPE}
t_4     applied  1      2 left to the background

3 applied, 1 failed, of 4 targets in [time]
-- stderr
error: 1 of 4 targets failed
note: what is applied stays applied; the others are as they were
help: correct what failed and run this again; it goes on where something is pending:
    ops seed:apply --each-schema \"t\\\\_%\" --foreground
"
        ),
    );
    let status = "seed:status --each-schema t\\_% --check";
    assert_shows(
        &call(status),
        &format!(
            "\
exit 2
-- stdout
TARGET  SEEDS
t_1     1 applied, 2 pending
t_2     1 applied, 2 pending
t_3     {OTHER_SHAPE}
t_4     1 applied, 2 pending

4 targets, 3 with something pending, 0 drifted
-- stderr
error: could not read 1 of 4 targets
"
        ),
    );
    wait(database.execute("DROP TABLE t_3.kumiko_es_operations"));
    assert!(call(status).starts_with("exit 1\n"));
    assert!(call(&format!("{status} --allow-background")).starts_with("exit 1\n"));
    assert_shows(
        &apply("--parallel 2"),
        "\
exit 0
-- stdout
TARGET  OUTCOME  SEEDS  REMARK
t_1     applied  2
t_2     applied  2
t_3     applied  3
t_4     applied  2

4 applied, of 4 targets in [time]
-- stderr
",
    );
    assert!(call(status).starts_with("exit 0\n"));
    assert_shows(
        &apply(""),
        "exit 0\n-- stdout\n4 nothing pending, of 4 targets in [time]\n",
    );
    let elsewhere =
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname IN ('public', 'other')";
    assert_eq!(wait(database.texts(elsewhere)), [""; 0]);
    wait(database.execute(
        "INSERT INTO t_2.kumiko_es_operations
         SELECT replace(id, '01-first', '15-removed'), operation_type, applied_at, 1, 'cli', 'x'
         FROM t_2.kumiko_es_operations WHERE id LIKE '2026-01-01-first%'",
    ));
    assert!(call(status).starts_with("exit 3\n"), "{}", call(status));
    wait(database.remove());
}

const CANNOT_OPEN: &str =
    "could not connect to the database: the database says: unable to open database file (code 14)";

#[test]
fn each_file_of_a_list_is_done() {
    let app = App::empty();
    let list =
        "# All tenants.\nsqlite:one.db?mode=rwc\n\nsqlite:two.db\nsqlite:three.db?mode=rwc\n";
    app.write("tenants.txt", list);
    let call = |line: &str| call(&app, line, "");
    let status = |seeds: &str| {
        format!(
            "\
exit 2
-- stdout
TARGET           SEEDS
sqlite:one.db    {seeds}
sqlite:two.db    {CANNOT_OPEN}
sqlite:three.db  {seeds}

3 targets, {} with something pending, 0 drifted
-- stderr
error: could not read 1 of 3 targets
",
            if seeds.starts_with('0') { 2 } else { 0 }
        )
    };
    assert_shows(
        &call("seed:status --databases tenants.txt"),
        &status("0 applied, 3 pending"),
    );
    assert!(!app.path("one.db").exists());
    let shown = call("seed:apply --databases tenants.txt --canary sqlite:three.db");
    assert_shows(
        &without_progress(&shown, &["sqlite:one.db", "sqlite:three.db"]),
        &format!(
            "\
exit 1
-- stdout
TARGET           OUTCOME  SEEDS  REMARK
sqlite:one.db    applied  3
sqlite:two.db    failed   0      {CANNOT_OPEN}
sqlite:three.db  applied  3

2 applied, 1 failed, of 3 targets in [time]
-- stderr
error: 1 of 3 targets failed
note: what is applied stays applied; the others are as they were
help: correct what failed and run this again; it goes on where something is pending:
    ops seed:apply --databases tenants.txt --canary sqlite:three.db
"
        ),
    );
    let of_one = about(&shown, "sqlite:one.db");
    assert_eq!(of_one[0], "applying 2026-01-01-first");
    assert_eq!(of_one.last(), Some(&"applied 2026-03-01-after in [time]"));
    assert_shows(
        &call("seed:status --databases tenants.txt"),
        &status("3 applied, 0 pending"),
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_nothing_done() {
    let app = App::empty();
    let database = postgres("");
    let refused = |line: &str, url: &str| {
        let shown = call(&app, line, url);
        let shown = shown.strip_prefix("exit 2\n-- stderr\nerror: ");
        let shown = shown.unwrap_or_else(|| panic!("{line}"));
        shown.lines().next().unwrap_or_default().to_owned()
    };
    app.write("empty.txt", "# None yet.\n");
    app.write("memory.txt", "sqlite:a.db?mode=rwc\nsqlite::memory:\n");
    app.write(
        "kinds.txt",
        "sqlite:a.db?mode=rwc\npostgres://me:s3cret@localhost/b\n",
    );
    for (line, url, error) in [
        (
            "seed:apply --each-schema tenant_%",
            database.url.as_str(),
            "there is no schema like \"tenant_%\"",
        ),
        (
            "seed:apply --each-schema pg_%",
            &database.url,
            "there is no schema like \"pg_%\"",
        ),
        (
            "seed:apply --each-schema public --canary private",
            &database.url,
            "there is no target private to be the canary",
        ),
        (
            "seed:status --each-schema public --format github",
            &database.url,
            "--format github is for one database",
        ),
        (
            "seed:apply --each-schema tenant_%",
            "sqlite:app.db",
            "--each-schema is for PostgreSQL, and this app is built for SQLite",
        ),
        (
            "seed:apply --databases none.txt",
            "",
            "could not read none.txt",
        ),
        (
            "seed:apply --databases empty.txt",
            "",
            "there is no database in empty.txt",
        ),
        (
            "seed:apply --databases memory.txt",
            "",
            "the database URL in memory.txt:2 is that of a database in memory, which ends with the command",
        ),
        (
            "seed:apply --databases kinds.txt",
            "",
            "the database URL in kinds.txt:2 is that of a PostgreSQL database",
        ),
    ] {
        assert_eq!(refused(line, url), error, "{line}");
    }
    assert!(!app.path("a.db").exists());
    assert_eq!(
        wait(
            database
                .texts("SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public'")
        ),
        [""; 0]
    );
    wait(database.remove());
}

#[test]
fn the_subcommand_looks_at_each_without_a_build() {
    let app = App::fixture("shop");
    sqlite(
        &app.path("one.db"),
        &format!("{SQLITE_TABLE}{}", marker("2026-01-10-first")),
    );
    sqlite(&app.path("two.db"), "");
    app.write("tenants.txt", "sqlite:one.db\nsqlite:two.db\n");
    assert_shows(
        &app.command("seed:status --databases tenants.txt --check")
            .run(),
        "\
exit 1
-- stdout
TARGET         SEEDS
sqlite:one.db  1 applied, 1 pending
sqlite:two.db  0 applied, 2 pending

2 targets, 2 with something pending, 0 drifted
",
    );
}

#[cfg(unix)]
#[test]
fn after_a_signal_the_table_says_what_was_not_attempted() {
    use std::io::{BufRead, BufReader, Read};

    let app = App::empty();
    app.write(
        "tenants.txt",
        "sqlite:one.db?mode=rwc\nsqlite:two.db?mode=rwc\n",
    );
    let call = app.ops_of_steps("seed:apply --databases tenants.txt");
    let call = call.variable("TEST_SLEEPS_MS", "300");
    let call = call.variable("TEST_ITEMS", "1000000");
    let mut rest = String::new();
    let output = call.output_attended(|mut child| {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut shown = String::new();
        while !shown.contains("sqlite:one.db: applying 2026-02-01-notes\n") {
            assert!(stderr.read_line(&mut shown).unwrap() > 0, "{shown}");
        }
        let pid = child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-s", "INT", &pid]).status().unwrap().success());
        stderr.read_to_string(&mut rest).unwrap();
        child.wait_with_output().unwrap()
    });
    assert_eq!(output.status.code(), Some(130), "{rest}");
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = table.lines().take(3).collect();
    assert_eq!(
        lines,
        [
            "TARGET         OUTCOME        SEEDS  REMARK",
            "sqlite:one.db  stopped        1      left: 2026-02-01-notes, 2026-03-01-after",
            "sqlite:two.db  not attempted",
        ]
    );
    let rest = rest.replace(env!("CARGO_BIN_EXE_ops-of-steps"), "ops");
    assert!(
        rest.ends_with(
            "\
error: interrupted by SIGINT (Ctrl-C)
note: what is applied stays applied; the others are as they were
help: go on from there:
    ops seed:apply --databases tenants.txt
"
        ),
        "{rest}"
    );
}
