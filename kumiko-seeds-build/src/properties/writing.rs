//! Texts as people and enemies write them.

use chrono::{Datelike, NaiveDate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What has a meaning to some program that a text passes through.
const PIECES: [&str; 44] = [
    "\"",
    "\\",
    "\"#",
    "'",
    "`",
    "{",
    "}",
    "{}",
    "{0}",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{0}",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{7f}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200f}",
    "\u{feff}",
    "\u{2028}",
    "cargo::warning=x",
    "\ncargo::error=x",
    "::error::x",
    "/*",
    "*/",
    "//",
    "#",
    "%",
    "$1",
    ";",
    "..",
    "/",
    "-",
    "_",
    "é",
    "ﬁ",
    "修",
    "🦀",
    "\"); evil(); (\"",
    ".rs",
];

/// Any text: what has a meaning somewhere, words, and characters of all kinds.
pub(super) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => select(&PIECES[..]).prop_map(str::to_owned),
        3 => "[a-zA-Z0-9 ]{1,8}",
        2 => any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// An id that has to be accepted.
pub(super) fn id() -> impl Strategy<Value = String> {
    (0..=9999, 1u32..=366, slug()).prop_filter_map("a day of the year", |(year, day, slug)| {
        let date = NaiveDate::from_yo_opt(year, day)?;
        let (month, day) = (date.month(), date.day());
        Some(format!("{year:04}-{month:02}-{day:02}-{slug}"))
    })
}

fn slug() -> impl Strategy<Value = String> {
    let keywords = [
        "fn", "async", "gen", "self", "crate", "super", "rs", "con", "nul", "mod", "test",
    ];
    prop_oneof![
        "[a-z0-9-]{1,60}",
        "[ab-]{1,5}",
        select(keywords.to_vec()).prop_map(str::to_owned),
    ]
}

/// A text that is nearly an id, or far from one.
pub(super) fn near_id() -> impl Strategy<Value = String> {
    let dates = [
        "0000-00-00",
        "0000-01-01",
        "2026-02-30",
        "2024-02-29",
        "9999-12-31",
        "2026-13-01",
        "10000-01-01",
        "２０２６-05-20",
        "2026-05-2",
        "2026-5-20",
        "+026-05-20",
        "2026–05–20",
        "2026-05-20",
    ];
    let with_date = (
        select(dates.to_vec()),
        prop_oneof![text(), slug(), "[a-z]{50,70}"],
    )
        .prop_map(|(date, slug)| format!("{date}-{slug}"));
    let changed = (id(), any::<prop::sample::Index>(), text()).prop_map(|(id, at, put_in)| {
        let (before, after) = id.split_at(at.index(id.len()));
        format!("{before}{put_in}{after}")
    });
    prop_oneof![text(), with_date, changed, id()]
}
