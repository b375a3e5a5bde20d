#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const GOOD: &str = "pub const DESCRIPTION: &str = \"Text\";\n\
    pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult { Ok(()) }\n";

fn findings(source: &str) -> Vec<(usize, String)> {
    match read_source(source) {
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
    let source = read_source(GOOD).unwrap();
    assert_eq!(source.description, "Text");
    assert_eq!(source.skippable, None);
    assert_eq!(source.source_hash, source_hash(GOOD));
}

#[test]
fn reads_skippable() {
    for value in [true, false] {
        let source = format!("{GOOD}pub const SKIPPABLE: bool = {value};");
        assert_eq!(read_source(&source).unwrap().skippable, Some(value));
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
fn a_description_is_a_public_string_literal() {
    let write = "write `pub const DESCRIPTION: &str = \"what it changes\";`";
    let line = "pub const DESCRIPTION: &str = \"Text\";";
    for (instead, expected) in [
        (
            "",
            (0, format!("there is no constant `DESCRIPTION`; {write}")),
        ),
        (
            "const DESCRIPTION: &str = \"Text\";",
            (1, format!("`DESCRIPTION` is private; {write}")),
        ),
        (
            "pub(self) const DESCRIPTION: &str = \"Text\";",
            (1, format!("`DESCRIPTION` is private; {write}")),
        ),
        (
            "\npub static DESCRIPTION: &str = \"Text\";",
            (
                2,
                format!("`DESCRIPTION` is a static instead of a constant; {write}"),
            ),
        ),
        (
            "pub const DESCRIPTION: String = \"Text\";",
            (1, format!("`DESCRIPTION` is not a `&str`; {write}")),
        ),
        (
            "pub const DESCRIPTION: &[u8] = b\"Text\";",
            (1, format!("`DESCRIPTION` is not a `&str`; {write}")),
        ),
        (
            "pub const DESCRIPTION: &str =\nconcat!(\"a\", \"b\");",
            (
                2,
                format!(
                    "`DESCRIPTION` is not a string literal, and it is shown without compiling; {write}"
                ),
            ),
        ),
        (
            "pub const DESCRIPTION: &str = \" \\n\";",
            (
                1,
                "`DESCRIPTION` is blank; write what the seed changes".to_owned(),
            ),
        ),
    ] {
        assert_eq!(
            only_finding(&GOOD.replace(line, instead)),
            expected,
            "{instead}"
        );
    }
}

#[test]
fn skippable_is_a_public_bool_literal() {
    let write = "write `pub const SKIPPABLE: bool = true;`";
    for (line, message) in [
        ("const SKIPPABLE: bool = true;", "`SKIPPABLE` is private; "),
        (
            "pub static SKIPPABLE: bool = true;",
            "`SKIPPABLE` is a static instead of a constant; ",
        ),
        (
            "pub const SKIPPABLE: &str = \"true\";",
            "`SKIPPABLE` is not a `bool`; ",
        ),
        (
            "pub const SKIPPABLE: bool = cfg!(debug_assertions);",
            "`SKIPPABLE` is neither `true` nor `false`; ",
        ),
    ] {
        let source = format!("{GOOD}{line}");
        assert_eq!(only_finding(&source), (3, format!("{message}{write}")));
    }
}

#[test]
fn run_is_a_public_async_function_with_one_parameter() {
    let write = "write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`";
    for (signature, line, fault) in [
        ("", 0, "there is no function `run`"),
        (
            "mod a { pub async fn run(c: C) -> R {} }",
            0,
            "there is no function `run`",
        ),
        ("async fn run(c: C) -> R {}", 1, "`run` is private"),
        ("pub fn run(c: C) -> R {}", 1, "`run` is not async"),
        (
            "pub async unsafe fn run(c: C) -> R {}",
            1,
            "`run` is unsafe",
        ),
        (
            "pub async fn run() -> R {}",
            1,
            "`run` has no parameter instead of one",
        ),
        (
            "pub async fn run(a: A, b: B) -> R {}",
            1,
            "`run` has 2 parameters instead of one",
        ),
        ("\npub async fn\nrun(c: C) {}", 3, "`run` returns nothing"),
        (
            "fn run() {}",
            1,
            "`run` is private, is not async, has no parameter instead of one, returns nothing",
        ),
    ] {
        let source = format!("{signature}\npub const DESCRIPTION: &str = \"Text\";");
        assert_eq!(only_finding(&source), (line, format!("{fault}; {write}")));
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
    let source = format!("#![cfg(unix)]\n{GOOD}");
    assert_eq!(only_finding(&source), (1, format!("the file {end}")));
}

#[test]
fn everything_wrong_is_found_at_once() {
    let found =
        findings("const DESCRIPTION: &str = \"\";\npub const SKIPPABLE: u8 = 1;\nfn run() {}\n");
    let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3], "{found:?}");
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
