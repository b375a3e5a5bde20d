//! `event:replay`.

use std::fs;

use crate::app::App;
use crate::database::{postgres, sqlite, wait};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:app.db?mode=rwc";
const TENANT: &str = "00000000-0000-4000-8000-000000000000";
const FAILS: &str = "TEST_REACTOR_FAILS_AT";

fn id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// Three events of each of two wallets.
fn events() -> String {
    let event = |number: u32, version: u32, event_type: &str| {
        let id = id(number);
        format!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by, created_at)
             VALUES ('{id}', 'wallet', '{TENANT}', {version}, '{event_type}',
                     '{{\"id\": \"{id}\", \"what\": \"{event_type}\", \"amount\": 5, \"name\": \"a\"}}', '{{}}', 'somebody',
                     '2026-01-0{version}T00:00:00.000Z');"
        )
    };
    let of_wallet = |number| {
        event(number, 1, "deposited") + &event(number, 2, "named") + &event(number, 3, "deposited")
    };
    of_wallet(1) + &of_wallet(2)
}

fn call(app: &App, url: &str, line: &str, variables: &[(&str, &str)]) -> String {
    let delivered = app.path("delivered");
    let mut call = app
        .ops_of_wallets(line)
        .variable("DATABASE_URL", url)
        .variable("TEST_DELIVERED", delivered.to_str().unwrap());
    for (name, value) in variables {
        call = call.variable(name, value);
    }
    let shown = call
        .run()
        .replace(env!("CARGO_BIN_EXE_ops-of-wallets"), "ops");
    // How long it took differs in each run.
    let lines = shown.lines().filter(|line| !line.contains("/s, "));
    let without_time = |word: &str| match word.trim_end_matches("ms").trim_end_matches('s') {
        number if number != word && number.parse::<f64>().is_ok() => "[time]".to_owned(),
        _ => word.to_owned(),
    };
    let lines = lines.map(|line| {
        let words: Vec<String> = line.split(' ').map(without_time).collect();
        words.join(" ") + "\n"
    });
    lines.collect()
}

fn delivered(app: &App) -> String {
    let path = app.path("delivered");
    let text = fs::read_to_string(&path).unwrap_or_default();
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    text.replace('\n', " ")
}

fn events_are_delivered_again_on(app: &App, url: &str, run: impl Fn(&str)) {
    let call = |line: &str| call(app, url, line, &[]);
    call("seed:apply");
    run(&events());
    assert_shows(
        &call("event:replay mail --from 2026-01-02 --dry-run"),
        "\
exit 0
-- stdout
mail would get 4 events
  deposited of wallet: 2
  named of wallet: 2
",
    );
    assert_eq!(delivered(app), "");
    let two = format!("wallet/{}", id(2));
    assert_shows(
        &call(&format!("event:replay mail --from 2026-01-02T00:00:00Z --until 2026-01-04 --type wallet --tenant {TENANT} --stream {two} --event deposited --reason outage")),
        &format!("\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying event-replay/mail/from-2026-01-02T00:00:00Z/until-2026-01-04T00:00:00Z/type-wallet/event-deposited/tenant-{TENANT}/stream-{two}/1
applied event-replay/mail/from-2026-01-02T00:00:00Z/until-2026-01-04T00:00:00Z/type-wallet/event-deposited/tenant-{TENANT}/stream-{two}/1 in [time]
"),
    );
    assert_eq!(delivered(app), "mail/6 ");
    let id = format!(
        "event-replay/mail/from-2026-01-02T00:00:00Z/until-2026-01-04T00:00:00Z/type-wallet/event-deposited/tenant-{TENANT}/stream-{two}/1"
    );
    let shown = call(&format!("seed:show {id}"));
    let what = "Deliver events to the reactor mail again: outage; items gone through: 1, steps: 1";
    assert!(shown.contains(what), "{shown}");
}

#[test]
fn events_are_delivered_again() {
    let app = App::empty();
    events_are_delivered_again_on(&app, URL, |sql| sqlite(&app.path("app.db"), sql));
    let server = postgres("");
    let app = App::empty();
    events_are_delivered_again_on(&app, &server.url, |sql| wait(server.execute(sql)));
    wait(server.remove());
}

fn prepared() -> App {
    let app = App::empty();
    call(&app, URL, "seed:apply", &[]);
    sqlite(&app.path("app.db"), &events());
    app
}

#[test]
fn it_stops_at_an_event_and_goes_on_with_that_one_or_without() {
    let app = prepared();
    let failing = |line: &str| call(&app, URL, line, &[(FAILS, "3")]);
    let failed = format!(
        "\
exit 1
-- stderr
applying event-replay/mail/event-deposited/1
failed event-replay/mail/event-deposited/1
error: operations failed:
  event-replay/mail/event-deposited/1: event-replay/mail/event-deposited/1 failed: the reactor \"mail\" failed with event 3, deposited at version 3 of wallet {}: the mail server is down
note: what is done stays; 1 failed in [time]
help: correct what failed, and let event-replay/mail/event-deposited/1 go on where it was:
    ops seed:retry event-replay/mail/event-deposited/1
    ops event:replay mail --event deposited
help: or go on without the events that cannot be delivered:
    ops event:replay mail --event deposited --quarantine
",
        id(1)
    );
    assert_shows(&failing("event:replay mail --event deposited"), &failed);
    assert_eq!(delivered(&app), "mail/1 ");
    assert_shows(
        &failing("event:replay mail --event deposited --quarantine"),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying event-replay/mail/event-deposited/1
applied event-replay/mail/event-deposited/1 in [time]
note: set aside: 1 event; see which and why:
    ops event:replay mail --dry-run
",
    );
    assert_eq!(delivered(&app), "mail/4 mail/6 ");
    assert_shows(
        &failing("event:replay mail --event named --dry-run"),
        &format!(
            "\
exit 0
-- stdout
mail would get 2 events
  named of wallet: 2
  set aside: event 3, deposited of wallet {}: the mail server is down
",
            id(1)
        ),
    );
    let one = format!("event:replay mail --stream wallet/{}", id(1));
    let shown = call(&app, URL, &one, &[]);
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert_eq!(delivered(&app), "mail/1 mail/2 mail/3 ");
    assert_shows(
        &failing("event:replay mail --until 2026-01-01 --dry-run"),
        "exit 0\n-- stdout\nmail would get 0 events\n",
    );
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is_done() {
    let app = prepared();
    for (line, expected) in [
        (
            "event:replay mial",
            "error: there is no reactor mial\nhelp: did you mean mail?\n",
        ),
        (
            "event:replay index",
            "error: there is no reactor index\nhelp: name one of these: mail, audit\n",
        ),
        (
            "event:replay audit",
            "\
error: the events cannot be delivered again
caused by: the reactor \"audit\" does not allow replays; if what it does may be done twice, say so where it is registered, with .replayable()
",
        ),
        (
            "event:replay mail --event closed --dry-run",
            "\
error: the events cannot be delivered again
caused by: the reactor \"mail\" takes no such events; there are wallet deposited, wallet named
",
        ),
        (
            "event:replay mail --from yesterday",
            "\
error: --from takes a moment, not \"yesterday\"
help: write it as 2026-05-20, which is its midnight in UTC, or 2026-05-20T09:30:00Z
",
        ),
        (
            "event:replay mail --stream wallet",
            "\
error: \"wallet\" names no stream
help: give aggregate type and id, as in account/0198f0a1-0000-7000-8000-000000000001
",
        ),
    ] {
        let expected = format!("exit 2\n-- stderr\n{expected}");
        assert_shows(&call(&app, URL, line, &[]), &expected);
    }
    assert_eq!(delivered(&app), "");
}

#[test]
fn it_is_steered_as_seeds_are() {
    let app = prepared();
    call(&app, URL, "event:replay mail", &[(FAILS, "3")]);
    let id = "event-replay/mail/1";
    let again = call(&app, URL, &format!("seed:retry {id}"), &[]);
    let goes_on = "go on with it:\n    ops event:replay mail\n";
    assert!(again.contains(goes_on), "{again}");
    let paused = call(&app, URL, &format!("seed:pause {id}"), &[]);
    assert!(paused.starts_with("exit 0\n"), "{paused}");
    let shown = call(&app, URL, &format!("seed:show {id}"), &[]);
    assert!(shown.contains("paused"), "{shown}");
    delivered(&app);
    call(&app, URL, &format!("seed:resume {id}"), &[]);
    call(&app, URL, "event:replay mail", &[]);
    assert_eq!(delivered(&app), "mail/3 mail/4 mail/5 mail/6 ");
    let marked = call(&app, URL, &format!("seed:unmark {id}"), &[]);
    assert!(
        marked.contains("do the same once more:\n    ops event:replay mail\n"),
        "{marked}"
    );
}
