//! Passwords in URLs, well and badly written, in all that is shown of them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use std::str::FromStr;

use super::connect::parse;
use super::shown_url::without_secrets;
use super::{DatabaseArguments, DatabaseUrl, sqlite_url};

/// What must not be seen. Nothing else in a URL can form it.
const SECRET: &str = "s3cr3t";

/// A password with the secret in it, and what people do and do not encode around that.
fn password() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "a", "7", "%40", "%2F", "%zz", "%", "@", "/", "//", ":", "?", "#", "&", "=", "+", "é",
        "\\", "'", "\"", " ", "\u{1b}", "\u{202e}", "[", "]", "|", "\n",
    ]);
    let pieces = || vec(piece.clone(), 0..4).prop_map(|pieces| pieces.concat());
    (pieces(), pieces()).prop_map(|(before, after)| format!("{before}{SECRET}{after}"))
}

/// The URL up to where it has the secret, and the rest.
fn url() -> impl Strategy<Value = String> {
    let scheme = select(vec![
        "postgres",
        "postgresql",
        "sqlite",
        "mysql",
        "POSTGRES",
        "",
    ]);
    let slashes = select(vec!["://", "://", "://", ":", ":/", ":///", "//", " : //"]);
    let user = select(vec!["me:", "me:", "me@here:", ":", "", "me%3A:", "12/"]);
    let end = select(vec![
        "127.0.0.1:1/app",
        "[::1]:1/app?sslmode=disable",
        "127.0.0.1",
        "/app",
        "",
        "h:99999/a",
        "h/a?host=/run#x",
    ]);
    let in_front = (scheme, slashes, user, password(), end).prop_map(
        |(scheme, slashes, user, password, end)| format!("{scheme}{slashes}{user}{password}@{end}"),
    );
    let start = select(vec![
        "postgres://me@127.0.0.1:1/app?",
        "postgres:///app?host=/run&",
        "sqlite:app.db?",
        "postgres://127.0.0.1:1?sslmode=wrong&",
    ]);
    let in_query = (
        start,
        select(vec!["password=", "sslpassword=", "password:"]),
        password(),
    )
        .prop_map(|(start, name, password)| format!("{start}{name}{password}"));
    prop_oneof![3 => in_front, 1 => in_query]
}

fn is_seen_in(url: &str, text: &str) -> bool {
    // A secret in the path of a file is none.
    text.contains(SECRET) && !url.starts_with("sqlite:")
}

proptest! {
    #[test]
    fn a_password_is_in_nothing_that_is_shown(url in url()) {
        let arguments = DatabaseArguments { database_url: Some(url.clone()) };
        let repeated = arguments.repeated();
        for text in [without_secrets(&url), format!("{arguments:?}"), repeated] {
            prop_assert!(!is_seen_in(&url, &text), "{text}");
        }
        let read = match DatabaseUrl::read(&url, "DATABASE_URL") {
            Ok(read) => read,
            Err(failure) => {
                for shown in [failure.to_string(), format!("{failure:?}")] {
                    prop_assert!(!shown.contains(SECRET), "{shown}");
                }
                return Ok(());
            }
        };
        for text in [read.to_string(), format!("{read:?}")] {
            prop_assert!(!is_seen_in(&url, &text), "{text}");
        }
        let failures = [
            read.check_kind("this app", &["postgres"]).err(),
            read.check_kind("this app", &["sqlite"]).err(),
            parse::<sqlx::Postgres>(&read).err(),
        ];
        for failure in failures.into_iter().flatten() {
            prop_assert!(!failure.to_string().contains(SECRET), "{failure}");
            let debug = format!("{failure:?}");
            prop_assert!(!debug.contains(SECRET), "{debug}");
        }
        // The server and the resolver of names repeat these in their errors.
        if read.is_for::<sqlx::Postgres>() && let Ok(options) = parse::<sqlx::Postgres>(&read) {
            prop_assert!(!options.get_host().contains(SECRET), "{}", options.get_host());
            let database = options.get_database().unwrap_or_default();
            prop_assert!(!database.contains(SECRET), "{database}");
        }
    }

    #[test]
    fn no_text_makes_a_url_panic(text in any::<String>(), at in any::<Index>(), part in url()) {
        let (before, after) = part.split_at((0..=at.index(part.len() + 1)).rev().find(|at| part.is_char_boundary(*at)).unwrap_or(0));
        for url in [text.clone(), format!("{before}{text}{after}"), format!("sqlite:{text}")] {
            match DatabaseUrl::read(&url, "DATABASE_URL") {
                Ok(url) => {
                    let shown = format!("{url} {url:?} {:?}", url.place());
                    prop_assert!(!shown.is_empty());
                    drop(parse::<sqlx::Postgres>(&url));
                    drop(parse::<sqlx::Sqlite>(&url));
                }
                Err(failure) => prop_assert!(!failure.help.is_empty()),
            }
        }
    }

    /// The commands look for the file that the driver opens, and refuse nothing that it understands.
    #[test]
    fn a_sqlite_url_is_read_as_its_driver_reads_it(
        slashes in select(vec!["", "//", "///", "////", "sqlite:", "//sqlite:"]),
        path in vec(select(vec!["a", "/", ".", "%20", "%3F", "%", "%4", "é", "#", ":", " ", ".db"]), 1..6),
        query in select(vec!["", "?", "?mode=rw", "?mode=rwc&cache=private", "?mode=ro&mode=rwc", "?mode=x", "?x"]),
    ) {
        let url = format!("sqlite:{slashes}{}{query}", path.concat());
        let driver = sqlx::sqlite::SqliteConnectOptions::from_str(&url);
        prop_assume!(url.trim() == url && !url.contains("file:"));
        match (DatabaseUrl::read(&url, "x"), driver) {
            (Ok(_), Ok(options)) => {
                let file = sqlite_url::file(&url);
                prop_assert_eq!(file.as_deref(), Some(options.get_filename()));
                let creates = format!("{options:?}").contains("create_if_missing: true");
                prop_assert_eq!(sqlite_url::has_mode(&url, "rwc"), creates, "{}", url);
            }
            (read, driver) => prop_assert_eq!(read.is_ok(), driver.is_ok(), "{}: {:?}", url, read),
        }
    }
}
