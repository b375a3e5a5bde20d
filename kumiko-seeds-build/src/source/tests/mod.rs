#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod after;
mod code;
mod constants;
mod environments;

use super::*;

/// The seed that all sources here are of, and those of its folder.
const ID: &str = "2026-05-22-c";
const IDS: [&str; 4] = ["2026-05-20-fix-roles", "2026-05-21-b", ID, "2026-05-23-d"];

const GOOD: &str = "pub const DESCRIPTION: &str = \"Text\";\n\
    pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult { Ok(()) }\n";

/// But for its cursor.
const STEPS: &str = "pub const DESCRIPTION: &str = \"Text\";\n\
    pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor> { Ok(b) }\n";

fn read(source: &str) -> Result<SeedSource, Vec<Finding>> {
    let ids = IDS.map(str::to_owned);
    read_source(
        source,
        Folder {
            id: ID,
            ids: &ids,
            known_environments: &[],
        },
    )
}

fn findings(source: &str) -> Vec<(usize, String)> {
    match read(source) {
        Ok(_) => Vec::new(),
        Err(findings) => findings
            .into_iter()
            .map(|(line, message)| (line.unwrap_or(0), message))
            .collect(),
    }
}

fn only_finding(source: &str) -> (usize, String) {
    let mut findings = findings(source);
    assert_eq!(findings.len(), 1, "{source}: {findings:?}");
    findings.remove(0)
}

#[test]
fn reads_a_seed() {
    let source = read(GOOD).unwrap();
    assert_eq!(source.description, "Text");
    assert_eq!(source.skippable, None);
    assert_eq!(source.background, None);
    assert_eq!(source.after, None);
    assert_eq!(source.code, Code::Whole);
}

#[test]
fn reads_what_may_be_left_out() {
    for value in [true, false] {
        let source = format!("{GOOD}pub const SKIPPABLE: bool = {value};");
        assert_eq!(read(&source).unwrap().skippable, Some(value));
        let source = format!("{GOOD}pub const BACKGROUND: bool = {value};");
        assert_eq!(read(&source).unwrap().background, Some(value));
    }
    for (after, ids) in [
        ("&[&str] = &[]", &[][..]),
        ("&[&str] = &[\"2026-05-21-b\"]", &["2026-05-21-b"]),
        (
            "&'static [&'static str] = &[r\"2026-05-21-b\",\n\"2026-05-20-fix-roles\",]",
            &["2026-05-21-b", "2026-05-20-fix-roles"],
        ),
    ] {
        let source = format!("{GOOD}pub const AFTER: {after};");
        let read = read(&source).unwrap().after.unwrap();
        let (read, _): (Vec<String>, Vec<Line>) = read.into_iter().unzip();
        assert_eq!(read, ids, "{after}");
    }
}

#[test]
fn accepts_what_means_the_same() {
    for source in [
        format!("\u{feff}{}", GOOD.replace('\n', "\r\n")),
        format!("//! About.\n#![allow(dead_code)]\n{GOOD}"),
        GOOD.replace("pub ", "pub(crate) "),
        GOOD.replace("pub ", "pub(super) "),
        GOOD.replace("&str", "&'static str"),
        GOOD.replace("\"Text\"", "r#\"Text\"#"),
        GOOD.replace("fn run(", "fn run<'a>("),
    ] {
        assert_eq!(findings(&source), [], "{source}");
    }
}

#[test]
fn what_is_not_in_every_build_is_a_finding() {
    let end = "is not in every build; take the attribute away";
    for (line, instead, what) in [
        ("pub async fn run", "#[test]\npub async fn run", "`run`"),
        (
            "pub async fn run",
            "#[cfg_attr(a, cfg(b))]\npub async fn run",
            "`run`",
        ),
        ("pub const", "\n#[cfg(unix)] pub const", "`DESCRIPTION`"),
    ] {
        let source = GOOD.replace(line, instead);
        assert_eq!(only_finding(&source), (2, format!("{what} {end}")));
    }
    for (line, what) in [
        ("pub const BACKGROUND: bool = true;", "`BACKGROUND`"),
        ("pub const AFTER: &[&str] = &[];", "`AFTER`"),
        ("pub async fn count(c: C) -> R {}", "`count`"),
        ("pub type Cursor = i64;", "`Cursor`"),
    ] {
        let cursor = match what {
            "`Cursor`" => "",
            _ => "pub enum Cursor {}",
        };
        let source = format!("#[cfg(unix)]\n{line}\n{STEPS}{cursor}");
        assert_eq!(only_finding(&source), (1, format!("{what} {end}")));
    }
    let source = STEPS.replace("pub async fn batch", "\n#[test] pub async fn batch");
    let source = format!("{source}pub type Cursor = i64;");
    assert_eq!(only_finding(&source), (3, format!("`batch` {end}")));
    let source = format!("#![cfg(unix)]\n{GOOD}");
    assert_eq!(only_finding(&source), (1, format!("the file {end}")));
}

#[test]
fn everything_wrong_is_found_at_once() {
    let constants = "const DESCRIPTION: &str = \"\";\npub const SKIPPABLE: u8 = 1;\nstatic BACKGROUND: bool = true;\n\
                     pub const AFTER: &[&str] = &[\"a\", \"b\"];\n";
    for (functions, expected) in [
        ("fn run() {}", &[1, 2, 3, 4, 4, 5][..]),
        ("fn batch() {}\nfn count() {}", &[1, 2, 3, 4, 4, 0, 6, 5]),
    ] {
        let found = findings(&format!("{constants}{functions}"));
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, expected, "{found:?}");
    }
}

#[test]
fn syntax_errors_have_a_line() {
    for (source, line) in [
        ("pub const A: u8 = 1;\npub fnn x() {}\n", 2),
        ("fn x() {\n  let = 1;\n}\n", 2),
        ("pub const A: u8 = 1;\n\npub const B:\n", 3),
    ] {
        let (found, message) = only_finding(source);
        assert_eq!(found, line, "{source}");
        assert!(message.starts_with("syntax error: "), "{message}");
    }
}

#[test]
fn tokens_that_are_none_have_a_line() {
    let message = "syntax error: a bracket, quote or comment is not closed or was not opened, or a character is \
                   none of Rust's; correct it";
    for (source, line) in [
        ("fn x() {\n  (\n}\n", 3),
        ("fn x() {\n  }\n}\n", 3),
        ("fn x() {\n  \"\n}\n", 2),
        ("fn x() {\n  /* \n}\n", 2),
        ("fn x() {\n  §\n}\n", 2),
    ] {
        assert_eq!(only_finding(source), (line, message.to_owned()), "{source}");
    }
}
