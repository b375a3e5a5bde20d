#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{GOOD, STEPS, findings, only_finding, read};
use crate::source::Code;

#[test]
fn reads_a_seed_of_many_steps() {
    let count = "pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult { Ok(7) }\n";
    for cursor in [
        "pub type Cursor = i64;",
        "pub(crate) struct Cursor { a: i64 }",
        "pub struct Cursor(i64);",
        "pub enum Cursor { A, B }",
    ] {
        let source = format!("{STEPS}{cursor}");
        assert_eq!(read(&source).unwrap().code, Code::InSteps, "{source}");
        let source = format!("{STEPS}{count}{cursor}");
        assert_eq!(read(&source).unwrap().code, Code::InCountedSteps);
    }
}

#[test]
fn run_is_a_public_async_function_with_one_parameter() {
    let write = "write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`";
    for (signature, line, fault) in [
        ("", 0, "there is no function `run`, and no `batch`"),
        (
            "mod a { pub async fn run(c: C) -> R {} }",
            0,
            "there is no function `run`, and no `batch`",
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
fn batch_and_count_are_public_async_functions() {
    let batch = "write `pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor>`";
    let count = "write `pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult`";
    let right = "pub async fn batch(c: C, after: A, limit: u32) -> R {}";
    let cases = [
        (
            "pub fn batch(c: C, after: A, limit: u32) -> R {}",
            1,
            "`batch` is not async",
            batch,
        ),
        (
            "pub async unsafe fn batch(c: C, after: A, limit: u32) -> R {}",
            1,
            "`batch` is unsafe",
            batch,
        ),
        (
            "pub async fn batch(c: C) -> R {}",
            1,
            "`batch` has one parameter instead of three",
            batch,
        ),
        (
            "pub async fn batch(c: C, after: A) -> R {}",
            1,
            "`batch` has 2 parameters instead of three",
            batch,
        ),
        (
            "fn batch() {}",
            1,
            "`batch` is private, is not async, has no parameter instead of three, returns nothing",
            batch,
        ),
        (
            &format!("{right}\nasync fn count(c: C) -> R {{}}"),
            2,
            "`count` is private",
            count,
        ),
        (
            &format!("{right}\npub fn count(c: C) -> R {{}}"),
            2,
            "`count` is not async",
            count,
        ),
        (
            &format!("{right}\npub async fn count(c: C, limit: u32) {{}}"),
            2,
            "`count` has 2 parameters instead of one, returns nothing",
            count,
        ),
    ];
    for (functions, line, fault, write) in cases {
        let source =
            format!("{functions}\npub type Cursor = i64;\npub const DESCRIPTION: &str = \"Text\";");
        assert_eq!(only_finding(&source), (line, format!("{fault}; {write}")));
    }
}

#[test]
fn a_cursor_is_a_public_type_of_a_seed_of_many_steps() {
    let write = "write `pub type Cursor = i64;`";
    for (cursor, line, fault) in [
        ("", 0, "there is no type `Cursor`, by which `batch` goes on"),
        (
            "use a::Cursor;",
            0,
            "there is no type `Cursor`, by which `batch` goes on",
        ),
        ("type Cursor = i64;", 3, "`Cursor` is private"),
        ("pub struct Cursor<'a>(&'a str);", 3, "`Cursor` is generic"),
    ] {
        let source = format!("{STEPS}{cursor}");
        assert_eq!(only_finding(&source), (line, format!("{fault}; {write}")));
    }
}

#[test]
fn a_seed_has_either_run_or_batch() {
    let batch = "write `pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor>`";
    let both = format!(
        "{GOOD}\npub async fn batch(c: C, after: A, limit: u32) -> R {{}}\npub type Cursor = i64;"
    );
    let message = "there are both `run` and `batch`; keep `run` for a change in one transaction, or `batch` for one \
                   in many steps";
    assert_eq!(only_finding(&both), (4, message.to_owned()));

    let left_over = "pub async fn count(c: C) -> R {}\npub struct Cursor(i64);\n";
    let expected = [
        (
            2,
            format!("`Cursor` is for a `batch`, and there is none; {batch}"),
        ),
        (
            1,
            format!("`count` is for a `batch`, and there is none; {batch}"),
        ),
    ];
    assert_eq!(findings(&format!("{left_over}{GOOD}")), expected);
    let neither = format!("{left_over}pub const DESCRIPTION: &str = \"Text\";");
    assert_eq!(findings(&neither), expected);
    // What is the seed's own business.
    let private = format!("{GOOD}async fn count(c: C) -> R {{}}\nstruct Cursor(i64);");
    assert_eq!(findings(&private), []);
}
