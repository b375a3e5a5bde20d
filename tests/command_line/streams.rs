//! `stream:archive`, `stream:restore` and `stream:list`.

use crate::app::App;
use crate::database::{postgres, sqlite, wait};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:app.db?mode=rwc";
const TENANT: &str = "00000000-0000-4000-8000-000000000000";
const OTHER: &str = "00000000-0000-4000-8000-000000000007";

fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// A wallet with a deposit, as somebody wrote who knows of no projections.
fn deposit(number: u32, tenant: &str) -> String {
    let id = id(number);
    format!(
        "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
         VALUES ('{id}', 'wallet', '{tenant}', 1, 'deposited',
                 '{{\"id\": \"{id}\", \"what\": \"deposited\", \"amount\": 5, \"name\": \"\"}}', '{{}}', 'somebody');"
    )
}

fn call<'a>(app: &App, url: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let shown = app
        .ops_of_wallets_with(words)
        .variable("DATABASE_URL", url)
        .run();
    let shown = shown.replace(env!("CARGO_BIN_EXE_ops-of-wallets"), "ops");
    // When it was is another moment in each run.
    let words = shown.split_inclusive(' ');
    // Not an hour, which begins with 20 in the evening.
    let is_moment = |word: &str| word.starts_with("20") && word.contains('T') && word.contains(':');
    words
        .map(|word| {
            let moment = word.trim_end();
            if is_moment(word) {
                word.replace(moment, "[moment]")
            } else {
                word.to_owned()
            }
        })
        .collect()
}

/// An app with three wallets, two of them of two tenants.
fn wallets(app: &App, url: &str, run: impl Fn(&str)) {
    call(app, url, ["seed:apply"]);
    run(&(1..=3)
        .map(|number| deposit(number, TENANT))
        .collect::<String>());
    run(&deposit(3, OTHER));
    let rebuilt = app
        .ops_of_wallets("projection:rebuild --all")
        .variable("DATABASE_URL", url)
        .run();
    assert!(rebuilt.starts_with("exit 0\n"), "{rebuilt}");
}

fn a_stream_goes_and_comes_back_on(app: &App, url: &str) {
    let call = |line: &str| call(app, url, line.split_whitespace());
    assert_shows(
        &call("stream:list"),
        "exit 0\n-- stdout\nno stream is archived\n",
    );
    let first = format!("wallet/{}", id(1));
    let reason = "--reason it's\u{1b}[2Jover";
    assert_shows(
        &call(&format!("stream:archive {first} wallet/{} {reason}", id(2))),
        &format!(
            "\
exit 0
-- stdout
archived {first} of tenant {TENANT}
archived wallet/{} of tenant {TENANT}
-- stderr
note: rows that are computed from many streams are right after a rebuild:
    ops projection:rebuild totals
",
            id(2)
        ),
    );
    let check = call("projection:check wallets");
    assert!(check.starts_with("exit 0\n"), "{check}");
    let list = call("stream:list");
    for number in [1, 2] {
        let line = format!("wallet/{}  {TENANT}  [today] ", id(number));
        assert!(list.contains(&line), "{list}");
    }
    let who_and_why = "  00000000-0000-0000-0000-000000000000  it's\u{fffd}[2Jover\n";
    assert!(list.contains(who_and_why), "{list}");
    assert_eq!(
        call("stream:list --type purse"),
        "exit 0\n-- stdout\nno stream is archived\n"
    );
    assert_eq!(
        call(&format!("stream:list --tenant {OTHER}")),
        "exit 0\n-- stdout\nno stream is archived\n"
    );
    assert_eq!(call("stream:list --show 1").matches("wallet/").count(), 1);
    assert_shows(
        &call(&format!("stream:restore {first}")),
        &format!(
            "\
exit 0
-- stdout
restored {first} of tenant {TENANT}
-- stderr
note: rows that are computed from many streams are right after a rebuild:
    ops projection:rebuild totals
"
        ),
    );
    assert_shows(
        &call(&format!("stream:restore {first}")),
        &format!(
            "\
exit 2
-- stderr
error: could not restore 1 stream
caused by: stream wallet {} of tenant {TENANT} is not archived
",
            id(1)
        ),
    );
    let check = call("projection:check wallets");
    assert!(check.starts_with("exit 0\n"), "{check}");
}

#[test]
fn a_stream_goes_and_comes_back() {
    let app = App::empty();
    wallets(&app, URL, |sql| sqlite(&app.path("app.db"), sql));
    a_stream_goes_and_comes_back_on(&app, URL);
    let server = postgres("");
    let run = |sql: &str| wait(server.execute(sql));
    let app = App::empty();
    wallets(&app, &server.url, run);
    a_stream_goes_and_comes_back_on(&app, &server.url);
    wait(server.remove());
}

#[test]
fn what_names_no_stream_is_refused() {
    let app = App::empty();
    wallets(&app, URL, |sql| sqlite(&app.path("app.db"), sql));
    let call = |line: &str| call(&app, URL, line.split_whitespace());
    let third = format!("wallet/{}", id(3));
    assert_shows(
        &call(&format!("stream:archive {third}")),
        &format!(
            "\
exit 2
-- stderr
error: 2 tenants have a stream {third}
help: say which:
    --tenant {TENANT}
    --tenant {OTHER}
"
        ),
    );
    let archived = call(&format!("stream:archive {third} --tenant {OTHER}"));
    assert!(
        archived.contains(&format!("archived {third} of tenant {OTHER}\n")),
        "{archived}"
    );
    for (line, said) in [
        ("stream:archive wallet", "error: \"wallet\" names no stream\nhelp: give aggregate type and id, as in account/0198f0a1-0000-7000-8000-000000000001\n".to_owned()),
        ("stream:archive wallet/00000000-0000-0000-0000-000000000009", "error: there is no stream wallet/00000000-0000-0000-0000-000000000009\n".to_owned()),
        ("stream:archive purse/00000000-0000-0000-0000-000000000001", "error: there is no stream purse/00000000-0000-0000-0000-000000000001\n".to_owned()),
        ("stream:restore wallet/00000000-0000-0000-0000-000000000001 --tenant 5", "error: --tenant takes the id of one, not \"5\"\n".to_owned()),
        ("stream:restore wallet/00000000-0000-0000-0000-000000000001 --tenant 00000000-0000-4000-8000-000000000007",
         format!("error: there is no stream wallet/00000000-0000-0000-0000-000000000001 of tenant {OTHER}\n")),
    ] {
        assert_shows(&call(line), &format!("exit 2\n-- stderr\n{said}"));
    }
}

/// What a purge printed, but for how far it was, which depends on the machine.
fn purge(app: &App, url: &str, words: &str) -> String {
    let shown = call(app, url, format!("stream:purge {words}").split_whitespace());
    let is_progress = |line: &&str| line.contains("archived-stream-purge/");
    let lines = shown.split_inclusive('\n');
    let progress = lines.clone().filter(is_progress).count();
    assert!(progress == 0 || progress >= 2, "{shown}");
    let rest: String = lines.filter(|line| !is_progress(line)).collect();
    rest.strip_suffix("-- stderr\n").unwrap_or(&rest).to_owned()
}

/// An app with an archived wallet, and what `stream:purge` does on it.
fn purged_and_imported_on(app: &App, url: &str) {
    let call = |line: &str| call(app, url, line.split_whitespace());
    let first = format!("wallet/{}", id(1));
    call(&format!("stream:archive {first} --reason over"));
    let dry_run = call("stream:purge --older-than 0m --dry-run");
    let begins = "exit 0\n-- stdout\nwould purge 1 stream with 1 event, archived before [today] ";
    assert!(dry_run.starts_with(begins), "{dry_run}");
    let dry_run = call("stream:purge --older-than 90d --dry-run --type wallet");
    let day = (chrono::Utc::now() - chrono::TimeDelta::days(90)).format("%Y-%m-%d");
    let begins =
        format!("exit 0\n-- stdout\nwould purge 0 streams with 0 events, archived before {day} ");
    assert!(dry_run.starts_with(&begins), "{dry_run}");
    let file = app.path("purged.jsonl");
    let purged = purge(app, url, "--older-than 0m --export purged.jsonl");
    assert_shows(
        &purged,
        "\
exit 0
-- stdout
purged 1 stream with 1 event
exported to [app]/purged.jsonl
-- stderr
note: rows that are computed from many streams are without them after a rebuild, if there was none since they were archived:
    ops projection:rebuild totals
"
    );
    let exported = std::fs::read_to_string(&file).unwrap();
    assert_eq!(exported.lines().count(), 3, "{exported}");
    let list = call("stream:list");
    assert!(
        list.contains("  purged  00000000-0000-0000-0000-000000000000  over\n"),
        "{list}"
    );
    assert_shows(
        &call(&format!("stream:restore {first}")),
        &format!(
            "\
exit 2
-- stderr
error: could not restore 1 stream
caused by: stream wallet {} of tenant {TENANT} was purged, so there is nothing to restore; if it was exported, import that first
",
            id(1)
        ),
    );
    assert_shows(
        &call(&format!("stream:archive {first}")),
        &format!(
            "exit 2\n-- stderr\nerror: could not archive 1 stream\ncaused by: there is no stream wallet {} of tenant {TENANT}\n",
            id(1)
        ),
    );
    assert_shows(
        &call("stream:purge --older-than 0m --export purged.jsonl"),
        "\
exit 2
-- stderr
error: purged.jsonl is there already
help: name another file:
    ops stream:purge --older-than 0m --export purged-2.jsonl
",
    );
    // What is empty is not left behind.
    assert_shows(
        &purge(app, url, "--older-than 0m --export purged-2.jsonl"),
        "exit 0\n-- stdout\npurged 0 streams with 0 events\n",
    );
    assert!(!app.path("purged-2.jsonl").exists());
    assert_shows(
        &call("stream:import purged.jsonl"),
        "exit 0\n-- stdout\nimported 1 stream with 1 event; they are archived\n",
    );
    assert_shows(
        &call("stream:import purged.jsonl"),
        "exit 0\n-- stdout\nimported 1 stream with 0 events; they are archived, and 1 event was there already\n",
    );
    let restored = call(&format!("stream:restore {first}"));
    assert!(
        restored.contains(&format!("restored {first} of tenant {TENANT}\n")),
        "{restored}"
    );
    let check = call("projection:check wallets");
    assert!(check.starts_with("exit 0\n"), "{check}");
    assert_shows(
        &call("stream:import purged.jsonl"),
        &format!(
            "\
exit 2
-- stderr
error: could not import purged.jsonl
caused by: stream wallet {} of tenant {TENANT} is in use, so it is not imported
help: archive the stream first, if it is the same one
",
            id(1)
        ),
    );
}

#[test]
fn a_stream_is_purged_and_imported() {
    let app = App::empty();
    wallets(&app, URL, |sql| sqlite(&app.path("app.db"), sql));
    purged_and_imported_on(&app, URL);
    let server = postgres("");
    let run = |sql: &str| wait(server.execute(sql));
    let app = App::empty();
    wallets(&app, &server.url, run);
    purged_and_imported_on(&app, &server.url);
    wait(server.remove());
}

#[test]
fn what_is_deleted_for_good_is_asked_about() {
    let app = App::empty();
    wallets(&app, URL, |sql| sqlite(&app.path("app.db"), sql));
    let call = |line: &str| call(&app, URL, line.split_whitespace());
    call(&format!("stream:archive wallet/{}", id(1)));
    assert_shows(
        &call("stream:purge --older-than 0m --without-export"),
        "\
exit 2
-- stderr
error: this asks first, and there is nobody to ask
help: say yes beforehand:
    ops stream:purge --older-than 0m --without-export --yes
",
    );
    let consumers = "CREATE TABLE kumiko_event_consumers (name text, instance_id text, last_processed_event_id bigint, status text);
                     INSERT INTO kumiko_event_consumers VALUES ('o''mail', '__shared__', 0, 'idle');";
    sqlite(&app.path("app.db"), consumers);
    let dry_run = call("stream:purge --older-than 0m --dry-run");
    assert!(
        dry_run.ends_with("not yet, since o'mail (at event 0) has not read event 1\n"),
        "{dry_run}"
    );
    assert_shows(
        &call("stream:purge --older-than 0m --export purged.jsonl"),
        "\
exit 2
-- stderr
error: nothing was begun
caused by: o'mail (at event 0) has not read all events that are to be purged, the last of which is event 1
help: let them go on until they have read it
help: or, of one that nobody runs any more, say so:
    UPDATE kumiko_event_consumers SET status = 'disabled' WHERE name = 'o''mail'
",
    );
    assert!(!app.path("purged.jsonl").exists());
    sqlite(
        &app.path("app.db"),
        "UPDATE kumiko_event_consumers SET status = 'disabled'",
    );
    assert_shows(
        &purge(&app, URL, "--older-than 0m --without-export --yes"),
        "\
exit 0
-- stdout
purged 1 stream with 1 event
-- stderr
note: rows that are computed from many streams are without them after a rebuild, if there was none since they were archived:
    ops projection:rebuild totals
",
    );
    for (line, said) in [
        (
            "stream:purge --older-than 90 --dry-run",
            "error: --older-than takes a time, not \"90\"\nhelp: say it in days, weeks, hours or minutes: 90d, 12w, 36h, 10m\n",
        ),
        (
            "stream:purge --before yesterday --dry-run",
            "error: --before takes a moment, not \"yesterday\"\nhelp: say it as [moment]\n",
        ),
        (
            "stream:purge --older-than 1d --tenant x --dry-run",
            "error: --tenant takes the id of one, not \"x\"\n",
        ),
        (
            "stream:purge --older-than 0m --export nowhere/purged.jsonl",
            "error: could not create nowhere/purged.jsonl\ncaused by: No such file or directory (os error 2)\n",
        ),
        (
            "stream:import nowhere.jsonl",
            "error: could not read nowhere.jsonl\ncaused by: No such file or directory (os error 2)\n",
        ),
    ] {
        assert_shows(&call(line), &format!("exit 2\n-- stderr\n{said}"));
    }
}
