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
    let is_moment = |word: &str| word.len() > 12 && word.starts_with("20") && word.contains(':');
    words
        .map(|word| if is_moment(word) { "[moment] " } else { word })
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
