//! Passwords in URLs, well and badly written, in all that is shown of them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::properties::cases;

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

fn is_seen_in(url: &DatabaseUrl, text: &str) -> bool {
    // A secret in the path of a file is none.
    text.contains(SECRET) && !url.url.starts_with("sqlite:")
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_password_is_in_nothing_that_is_shown(url in url()) {
        let url = DatabaseUrl::new(url, "DATABASE_URL");
        let arguments = DatabaseArguments { database_url: Some(url.secret().to_owned()) };
        let repeated = crate::cli::repeated_database(&arguments);
        for text in [url.to_string(), format!("{url:?}"), format!("{arguments:?}"), repeated] {
            prop_assert!(!is_seen_in(&url, &text), "{text}");
        }
        let failures = [
            parse::<sqlx::Postgres>(&url).err(),
            parse::<sqlx::Sqlite>(&url).err(),
            Some(url.is_of_no_kind()),
        ];
        for failure in failures.into_iter().flatten() {
            prop_assert!(!failure.to_string().contains(SECRET), "{failure}");
            let debug = format!("{failure:?}");
            prop_assert!(!debug.contains(SECRET), "{debug}");
        }
        // The server and the resolver of names repeat these in their errors.
        if let Ok(options) = parse::<sqlx::Postgres>(&url) {
            prop_assert!(!options.get_host().contains(SECRET), "{}", options.get_host());
            let database = options.get_database().unwrap_or_default();
            prop_assert!(!database.contains(SECRET), "{database}");
        }
    }

    #[test]
    fn no_text_makes_a_url_panic(text in any::<String>(), at in any::<Index>(), part in url()) {
        let (before, after) = part.split_at((0..=at.index(part.len() + 1)).rev().find(|at| part.is_char_boundary(*at)).unwrap_or(0));
        for url in [text.clone(), format!("{before}{text}{after}")] {
            let url = DatabaseUrl::new(url, "DATABASE_URL");
            let shown = format!("{url} {url:?} {}", url.is_of_no_kind());
            prop_assert!(!shown.is_empty());
            drop(parse::<sqlx::Postgres>(&url));
            drop(parse::<sqlx::Sqlite>(&url));
        }
    }
}
