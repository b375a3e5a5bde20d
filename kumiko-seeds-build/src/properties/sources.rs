//! Sources of seeds, right ones and what becomes of them when they are cut up.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::steers;
use super::writing::text;
use crate::Problem;
use crate::scan::STACK;
use crate::source::{Finding, Folder, SeedSource, read_source};

pub(super) const RIGHT: [&str; 7] = [
    "pub const DESCRIPTION: &str = \"Text\";\npub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult { Ok(()) }\n",
    "//! About.\n#![allow(dead_code)]\nuse a::{b, c as d};\npub(crate) const DESCRIPTION: &'static str = r##\"a\"#b\"##;\n\
     pub const SKIPPABLE: bool = true;\npub async fn run<'a>(c: &'a mut C<'_>) -> R {\n    \
     c.system_write_as(\"x:write:y\", json!({ \"a\": [1, 2.5e3] })).with_roles([\"A\", \"B\"]).in_tenant(t).await?;\n    Ok(())\n}\n",
    "/// Why.\npub const DESCRIPTION: &str = \"\\u{48}\\x41 \\\n      b\";\n#[cfg(test)] mod tests { #[test] fn a() {} }\n\
     macro_rules! m { ($($a:tt)*) => { $($a)* }; }\npub async fn run(c: C) -> R { m!(if a { b } else { c }) }\n",
    "pub const DESCRIPTION: &str = (\"in parentheses\");\r\nstruct A<const N: usize>([u8; N]);\r\n\
     impl<T: for<'a> Fn(&'a str) -> T + ?Sized> B for A<{ 1 + 1 }> { type C = dyn D; }\r\npub async fn run(c: C) -> R { todo!() }\r\n",
    "pub const DESCRIPTION: &str = concat!(\"a\", \"b\");\npub async fn run(c: C) -> R {}\n",
    "pub const DESCRIPTION: &str = \"a\";\npub const BACKGROUND: bool = true;\n\
     pub const AFTER: &[&str] = &[\"2026-05-20-a\", \"2026-05-20-b\"];\n#[derive(Debug)]\npub struct Cursor(i64, String);\n\
     pub async fn count(c: C) -> R { 1 }\npub async fn batch(c: C, after: Option<Cursor>, limit: u32) -> R { 1 }\n",
    "\u{feff}#!/usr/bin/env run\npub const DESCRIPTION: &str = \"a\";\npub async fn run(c: C) -> R {}\n",
];

const PIECES: [&str; 53] = [
    "\"",
    "r#\"",
    "\"#",
    "b\"",
    "c\"",
    "'",
    "'a",
    "'a'",
    "\\",
    "\\u{d800}",
    "\\u{110000}",
    "\\xff",
    "\\u{",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "#",
    "#!",
    "#[",
    "#![cfg(any())]",
    "/*",
    "*/",
    "//",
    "//!",
    "///",
    "/**",
    "\n",
    "\r",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "r#run",
    "async",
    "pub(in crate::a)",
    "const",
    "macro_rules! a",
    "=>",
    "$",
    "_",
    "::",
    "..=",
    "0x",
    "1e",
    "99999999999999999999999999999999999999999999",
    "DESCRIPTION",
    "AFTER",
    "Cursor",
    "#[cfg(a)]",
];

/// One thing that is done to a text. Places are taken where a character begins.
#[derive(Clone, Debug)]
enum Change {
    Delete(Index, Index),
    Double(Index, Index),
    Swap(Index, Index, Index),
    Insert(Index, String),
    Nest(Index, &'static str, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), at()).prop_map(|(from, to)| Change::Delete(from, to)),
        (at(), at()).prop_map(|(from, to)| Change::Double(from, to)),
        (at(), at(), at()).prop_map(|(from, middle, to)| Change::Swap(from, middle, to)),
        (at(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece.to_owned())),
        (at(), text()).prop_map(|(at, text)| Change::Insert(at, text)),
        (
            at(),
            select(vec!["(", "{", "[", "<", "!", "&", "a.", "if a "]),
            1usize..50
        )
            .prop_map(|(at, piece, times)| Change::Nest(at, piece, times)),
    ]
}

impl Change {
    fn apply(&self, text: &str) -> String {
        let at = |index: &Index| {
            let at = index.index(text.len() + 1);
            (0..=at)
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(0)
        };
        let range = |one: &Index, other: &Index| {
            let (one, other) = (at(one), at(other));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Delete(from, to) => {
                let range = range(from, to);
                format!("{}{}", &text[..range.start], &text[range.end..])
            }
            Self::Double(from, to) => {
                let range = range(from, to);
                format!("{}{}", &text[..range.end], &text[range.start..])
            }
            Self::Swap(from, middle, to) => {
                let mut places = [at(from), at(middle), at(to)];
                places.sort_unstable();
                let [from, middle, to] = places;
                [
                    &text[..from],
                    &text[middle..to],
                    &text[from..middle],
                    &text[to..],
                ]
                .concat()
            }
            Self::Insert(place, piece) => {
                let (before, after) = text.split_at(at(place));
                [before, piece, after].concat()
            }
            Self::Nest(place, piece, times) => {
                let (before, after) = text.split_at(at(place));
                [before, &piece.repeat(*times), after].concat()
            }
        }
    }
}

/// A source of a seed that may be right, and mostly is not.
pub(super) fn source() -> impl Strategy<Value = String> {
    let changed = (select(&RIGHT[..]), vec(change(), 0..5)).prop_map(|(right, changes)| {
        changes
            .iter()
            .fold(right.to_owned(), |text, change| change.apply(&text))
    });
    let soup = vec(
        prop_oneof![select(&PIECES[..]).prop_map(str::to_owned), text()],
        0..40,
    )
    .prop_map(|pieces| pieces.join(" "));
    // Mostly right, so that what comes after the parser sees such texts as well.
    let filled = (select(&RIGHT[..]), text()).prop_map(|(right, text)| {
        let comment = text.replace(['*', '/', '\r'], "");
        format!("{right}\n/* {comment} */ const A: &str = {text:?}; fn a() {{ c.system_write_as({text:?}, p); }}")
    });
    prop_oneof![8 => changed, 4 => filled, 1 => soup, 1 => any::<String>()]
}

/// Reads a source, and fails if that takes for ever.
pub(super) fn read_in_time(source: &str) -> Result<SeedSource, Vec<Finding>> {
    const LONG: Duration = Duration::from_secs(20);
    let (sender, read) = mpsc::channel();
    let owned = source.to_owned();
    let reader = thread::Builder::new().stack_size(STACK);
    let reader = reader.spawn(move || {
        let ids = ["2026-05-20-a", "2026-05-20-b", "2026-05-20-x"].map(str::to_owned);
        let folder = Folder {
            id: "2026-05-20-x",
            ids: &ids,
            known_environments: &[],
        };
        sender.send(read_source(&owned, folder)).is_ok()
    });
    drop(reader.unwrap());
    read.recv_timeout(LONG)
        .unwrap_or_else(|error| panic!("{error}: {source:?}"))
}

proptest! {
    #[test]
    fn no_source_makes_the_parser_panic_or_hang(source in source()) {
        let Err(findings) = read_in_time(&source) else {
            return Ok(());
        };
        prop_assert!(!findings.is_empty());
        for (line, message) in findings {
            prop_assert!(line.is_none_or(|line| (1..=source.lines().count().max(1)).contains(&line)), "{line:?}");
            let problem = Problem::new("seeds/a.rs", message).to_string();
            prop_assert!(!steers(&problem), "{problem:?}");
        }
    }
}
