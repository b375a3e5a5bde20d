//! `seed:history`: what was done in a database, and when.

use crate::app::App;
use crate::database::{
    POSTGRES_PROGRESS, POSTGRES_TABLE, SQLITE_PROGRESS, SQLITE_TABLE, postgres, sqlite, under_way,
    wait,
};
use crate::transcript::assert_shows;

/// Of each type one row, in another order than they were done in, and rows that are not this app's.
const ROWS: &str = "
    INSERT INTO kumiko_es_operations VALUES
    ('archived-stream-purge/before-2026-02-01T00:00:00Z/1', 'archived-stream-purge', '2026-05-05T09:00:00.000Z', 900, 'cli', '3 streams'),
    ('2026-02-20-second', 'seed-migration', '2026-05-02T09:00:00.000Z', 1500, 'ci-pipeline', 'What came second'),
    ('2026-02-20-second/source', 'seed-source', '2026-05-02T09:00:00.000Z', 0, 'ci-pipeline', 'aa'),
    ('2026-01-10-first', 'seed-migration', '2026-05-01T09:00:00.000Z', 12, 'boot', 'What came first'),
    ('2026-01-10-first/seed-unmark/1', 'seed-unmark', '2026-04-30T23:59:59.000Z', 0, 'cli', NULL),
    ('2026-02-20-second/seed-mark/2', 'seed-mark', '2026-05-02T09:00:00.500Z', 0, 'cli', NULL),
    ('event-replay/mail/from-2026-05-01T00:00:00Z/1', 'event-replay', '2026-05-04T09:00:00.000Z', 70, 'cli', '7 events'),
    ('projection-rebuild/members/2', 'projection-rebuild', '2026-05-03T09:00:00.000Z', 61000, 'boot', 'members: 48210 events'),
    ('aggregate-rebuild/members/tenant-7/1', 'aggregate-rebuild', '2026-05-03T10:00:00.000Z', 5, 'cli', 'members: 12 events'),
    ('billing/2026-01-11-theirs', 'seed-migration', '2026-05-01T08:00:00.000Z', 1, 'boot', 'Of another app'),
    ('stranger', 'blue-moon', '2026-05-01T08:00:00.000Z', 1, 'boot', 'Of another service');";

const HEADINGS: &str = "AT                   TYPE                   ID                                                   STATE    BY           TOOK   NOTES";
const LINES: [&str; 9] = [
    "2026-04-30 23:59:59  seed-unmark            2026-01-10-first                                     done     cli",
    "2026-05-01 09:00:00  seed-migration         2026-01-10-first                                     done     boot         12ms   What came first",
    "2026-05-02 09:00:00  seed-migration         2026-02-20-second                                    done     ci-pipeline  1.5s   What came second",
    "2026-05-02 09:00:00  seed-mark              2026-02-20-second                                    done     cli",
    "2026-05-03 09:00:00  projection-rebuild     projection-rebuild/members/2                         done     boot         61.0s  members: 48210 events",
    "2026-05-03 10:00:00  aggregate-rebuild      aggregate-rebuild/members/tenant-7/1                 done     cli          5ms    members: 12 events",
    "2026-05-04 09:00:00  event-replay           event-replay/mail/from-2026-05-01T00:00:00Z/1        done     cli          70ms   7 events",
    "2026-05-05 09:00:00  archived-stream-purge  archived-stream-purge/before-2026-02-01T00:00:00Z/1  done     cli          900ms  3 streams",
    "2026-06-01 09:00:00  seed-migration         2026-03-01-third                                     running  app:4711     3.5s   12000 of 100000 (12%), 3400/s, 25s left",
];

/// The ids of the operations that are shown, and when they began.
fn ids(shown: &str) -> Vec<String> {
    let lines = shown.lines().filter(|line| line.starts_with("2026-"));
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words
        .map(|words| format!("{} {}", words[2], words[3].split('/').next().unwrap()))
        .collect()
}

#[test]
fn all_types_are_one_line_of_time_with_what_is_under_way_at_its_end() {
    let app = App::fixture("shop");
    let progress = under_way("2026-03-01-third", "running", "");
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{ROWS}{progress}"),
    );
    let database = postgres(&format!(
        "{POSTGRES_TABLE}{POSTGRES_PROGRESS}{ROWS}{progress}"
    ));
    let expected = format!("exit 0\n-- stdout\n{HEADINGS}\n{}\n", LINES.join("\n"));
    for url in ["sqlite:shop.db", &database.url] {
        let call = app.command("seed:history").variable("DATABASE_URL", url);
        assert_shows(&call.run(), &expected);
        let call = app
            .ops_of_steps("seed:history")
            .variable("DATABASE_URL", url);
        assert_shows(&call.run(), &expected);
    }
    wait(database.remove());
    let shown = |options: &str| {
        let call = app.command(&format!("seed:history {options}"));
        ids(&call.variable("DATABASE_URL", "sqlite:shop.db").run())
    };
    let first = "seed-migration 2026-01-10-first";
    let second = "seed-migration 2026-02-20-second";
    let third = "seed-migration 2026-03-01-third";
    let unmark = "seed-unmark 2026-01-10-first";
    let mark = "seed-mark 2026-02-20-second";
    let rebuild = "projection-rebuild projection-rebuild";
    for (options, expected) in [
        ("--type seed-migration", vec![first, second, third]),
        ("--type seed-mark --type seed-unmark", vec![unmark, mark]),
        ("--until 2026-04-30", vec![unmark]),
        ("--until 2026-05-01", vec![unmark, first]),
        ("--since 2026-06-01T09:00:00Z", vec![third]),
        (
            "--since 2026-05-01 --until 2026-05-02T09:00:00Z",
            vec![first, second],
        ),
        ("--by boot", vec![first, rebuild]),
        ("second", vec![second, mark]),
        ("-- rebuild/members/2", vec![rebuild]),
        ("--limit 1", vec![third]),
        ("seed --limit 2", vec![]),
        ("2026- --type seed-migration --limit 2", vec![second, third]),
    ] {
        assert_eq!(shown(options), expected, "{options}");
    }
}

#[test]
fn an_app_with_a_name_sees_what_is_its_own_and_what_has_no_name() {
    let app = App::fixture("shop");
    let named = "\n[package.metadata.kumiko-ops]\napp = \"billing\"\n";
    app.write("Cargo.toml", &(app.read("Cargo.toml") + named));
    sqlite(&app.path("shop.db"), &format!("{SQLITE_TABLE}{ROWS}"));
    let call = app.command("seed:history 2026- --until 2026-05-01");
    assert_eq!(
        ids(&call.variable("DATABASE_URL", "sqlite:shop.db").run()),
        [
            "seed-migration 2026-01-11-theirs",
            "seed-migration 2026-01-10-first"
        ]
    );
}

#[test]
fn a_database_that_is_empty_or_yet_to_be_created_has_none() {
    let app = App::fixture("shop");
    sqlite(&app.path("shop.db"), "");
    let run = |line: &str, url: &str| app.command(line).variable("DATABASE_URL", url).run();
    assert_shows(
        &run("seed:history", "sqlite:shop.db"),
        "exit 0\n-- stdout\nno operations\n",
    );
    assert_shows(
        &run("seed:history --format json", "sqlite:none.db?mode=rwc"),
        "\
exit 0
-- stdout
{
  \"version\": 1,
  \"operations\": []
}
-- stderr
note: there is no database file none.db yet; seed:apply creates it
",
    );
    assert_shows(
        &run("seed:history --since yesterday", "sqlite:shop.db"),
        "\
exit 2
-- stderr
error: invalid value 'yesterday' for '--since <TIME>': expected a date like 2026-05-20, or a time like 2026-05-20T09:30:00Z

For more information, try '--help'.
",
    );
}
