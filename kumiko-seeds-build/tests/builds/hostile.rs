//! What the build accepts compiles, whatever stands in it, and arrives as it was written.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kumiko_seeds_build::Problem;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::app::{App, seed};

/// What has a meaning to Rust, to formatting, to Cargo or to a terminal.
const PIECES: [&str; 22] = [
    "\"",
    "\\",
    "\"#",
    "\"##",
    "'",
    "{",
    "}",
    "{0}",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{1b}]0;t\u{7}",
    "\u{202e}",
    "\u{200b}",
    "\"); evil!(); (\"",
    "/*",
    "*/",
    "//",
    "é修🦀",
    " a",
];

/// The same descriptions in every run.
fn descriptions(count: usize) -> Vec<String> {
    let piece = prop_oneof![
        3 => select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let text = vec(piece, 1..10).prop_map(|pieces| format!("x{}", pieces.concat()));
    let mut runner = TestRunner::deterministic();
    let mut next = || text.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| next()).collect()
}

/// The ways to write a text as a literal: all that can be escaped, as little as can be, and raw where that works.
fn literals(text: &str) -> Vec<String> {
    let few: String = text
        .chars()
        .map(|character| match character {
            '"' | '\\' | '\r' | '\0' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                character
                    .escape_default()
                    .to_string()
                    .replace("\\u{0}", "\\0")
            }
            _ => character.to_string(),
        })
        .collect();
    let all = text.chars().fold(String::new(), |mut all, character| {
        all.extend(character.escape_unicode());
        all
    });
    let mut literals = vec![
        format!("{text:?}"),
        format!("\"{all}\""),
        format!("\"\\\n      {few}\""),
    ];
    if !text.contains(['\r', '\0', '\u{202e}']) {
        literals.push(format!("r####\"{text}\"####"));
    }
    literals
}

#[test]
fn descriptions_arrive_byte_for_byte() {
    let app = App::new("descriptions");
    let right = seed("", "");
    let mut expected = Vec::new();
    for description in descriptions(60) {
        for literal in literals(&description) {
            let id = format!("2026-05-20-{:04}", expected.len());
            let source = right.replacen("\"\"", &literal, 1);
            app.write(&format!("seeds/{id}.rs"), source);
            expected.push((id, description.clone()));
        }
    }
    // A checkout on Windows changes the ends of lines, and the compiler changes them back.
    for (slug, literal) in [("cooked", "\"a\nb\\\n   c\""), ("raw", "r\"a\nb\"")] {
        let id = format!("2026-05-21-{slug}");
        let source = right.replacen("\"\"", literal, 1).replace('\n', "\r\n");
        app.write(&format!("seeds/{id}.rs"), source);
        expected.push((id, if slug == "raw" { "a\nb" } else { "a\nbc" }.to_owned()));
    }
    expected.sort();

    let read = kumiko_seeds_build::scan(&app.path("seeds")).unwrap();
    let read: Vec<_> = read
        .into_iter()
        .map(|seed| (seed.id, seed.description))
        .collect();
    assert_eq!(read, expected);
    for (printed, (id, description)) in app.printed_seeds().iter().zip(&expected) {
        assert!(
            printed.starts_with(&format!("{id} {description:?} ")),
            "{id} {description:?}: {printed}"
        );
    }
}

/// A name, and what is put in the place of what in a seed that is right.
type Change = (&'static str, &'static str, &'static str);

const DESCRIPTION: &str = "pub const DESCRIPTION";
const SKIPPABLE: &str = "pub const SKIPPABLE";
const RUN: &str = "pub async fn run";

const ACCEPTED: [Change; 9] = [
    ("plain", "", ""),
    ("documented", "use ", "//! About.\n/** Why. */ use "),
    (
        "attribute",
        "use ",
        "#![cfg_attr(any(), deny(dead_code))]\nuse ",
    ),
    ("deprecated-run", RUN, "#[deprecated] pub async fn run"),
    (
        "deprecated-text",
        DESCRIPTION,
        "#[deprecated] pub const DESCRIPTION",
    ),
    ("in-super", "pub ", "pub(in super) "),
    ("in-crate", "pub ", "pub(in crate) "),
    (
        "prelude",
        RUN,
        "pub struct Box;\npub struct Some;\npub async fn run",
    ),
    (
        "macros",
        "use ",
        "#![macro_use]\n#![allow(unused_macros)]\nmacro_rules! vec { () => {}; }\nuse ",
    ),
];

/// What would not compile, or not be there.
const REFUSED: [Change; 13] = [
    ("shebang", "use ", "#!/usr/bin/env run\nuse "),
    ("all-off", "use ", "#![cfg(any())]\nuse "),
    (
        "text-off",
        DESCRIPTION,
        "#[cfg(any())] pub const DESCRIPTION",
    ),
    ("run-off", RUN, "#[cfg(any())]\npub async fn run"),
    ("run-a-test", RUN, "#[test]\npub async fn run"),
    (
        "run-off-later",
        RUN,
        "#[cfg_attr(all(), cfg(any()))] pub async fn run",
    ),
    (
        "skippable-off",
        SKIPPABLE,
        "#[cfg(any())] pub const SKIPPABLE",
    ),
    (
        "two-texts",
        DESCRIPTION,
        "#[cfg(any())] pub const DESCRIPTION: &str = \"Off\";\n#[cfg(all())] pub const DESCRIPTION",
    ),
    ("in-self", "pub ", "pub(in self) "),
    ("in-seeds", "pub ", "pub(in crate::seeds) "),
    (
        "in-itself",
        "pub ",
        "pub(in crate::seeds::seed_2026_05_20_in_itself) ",
    ),
    ("raw-name", "fn run", "fn r#run"),
    ("suffix", "\"Text\"", "\"Text\"u8"),
];

#[test]
fn what_is_accepted_is_there_when_the_app_is_compiled() {
    let app = App::new("accepted");
    let right = seed("Text", "") + SKIPPABLE + ": bool = true;\n";
    let file = |name: &str| format!("seeds/2026-05-20-{name}.rs");
    for (name, from, to) in ACCEPTED.iter().chain(&REFUSED) {
        assert!(right.contains(from), "{name}");
        app.write(&file(name), right.replace(from, to));
    }
    let error = kumiko_seeds_build::scan(&app.path("seeds")).unwrap_err();
    let refused: BTreeSet<_> = error.problems().iter().map(Problem::path).collect();
    let expected = REFUSED.map(|(name, _, _)| app.path(&file(name)));
    assert_eq!(
        refused,
        expected.iter().map(PathBuf::as_path).collect(),
        "{error}"
    );
    for (name, _, _) in REFUSED {
        app.remove(&file(name));
    }
    assert_eq!(app.printed_seeds().len(), ACCEPTED.len());
}

#[cfg(unix)]
#[test]
fn folders_of_any_name_compile() {
    for (number, name) in [
        "with spaces",
        "it's \"quoted\"",
        "back\\slash #hash",
        "{braces} $dollar `tick`",
        "größe 修正 🦀",
        "turned \u{202e}around",
    ]
    .into_iter()
    .enumerate()
    {
        let app = App::in_folder(&format!("odd-{number}"), name);
        app.write(
            "build.rs",
            format!("fn main() {{ kumiko_seeds_build::compile({name:?}); }}"),
        );
        app.write(&format!("{name}/2026-05-20-x.rs"), seed("Text", ""));
        let printed = app.printed_seeds();
        assert!(
            printed[0].starts_with("2026-05-20-x \"Text\" "),
            "{name:?}: {printed:?}"
        );
        assert!(app.is_fresh(), "{name:?} is built anew each time");
    }
}
