#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::str::FromStr;

use proc_macro2::TokenStream;

use super::*;

fn code(source: &str) -> Vec<Token> {
    canonical(TokenStream::from_str(source).unwrap())
}

fn hash(source: &str) -> String {
    source_hash(&code(source), Path::new("seeds/2026-05-20-a.rs")).hash
}

/// Databases hold it.
#[test]
fn stays_what_it_was() {
    let source = "pub const DESCRIPTION: &str = \"Text\";\npub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult { Ok(()) }\n";
    assert_eq!(hash(source), "tokens:82eb440ea71f0732");
    assert_eq!(hash(""), "tokens:cbf29ce484222325");
}

/// Each pair is what `rustfmt` may make of the other, or differs in comments.
#[test]
fn comments_and_layout_do_not_count() {
    for (one, other) in [
        (
            "fn f() { a() }",
            "// Why.\nfn f() {\n    /* what */ a()\n}\n",
        ),
        (
            "/// Why.\npub const A: u8 = 1;",
            "/** Because. */ pub const A: u8 = 1;",
        ),
        (
            "//! About.\n\n#![allow(dead_code)]\nconst A: u8 = 1;",
            "#![allow(dead_code)]\nconst A: u8 = 1;",
        ),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("f(a)", "f(\n    a,\n)"),
        ("a.b::<C>(d)", "a.b::<\n    C,\n>(\n    d,\n)"),
        (
            "S { a, b: [1, 2] }",
            "S {\n    a,\n    b: [\n        1,\n        2,\n    ],\n}",
        ),
        ("(a, b)", "(\n    a,\n    b,\n)"),
        ("assert!(a)", "assert!(\n    a,\n)"),
        (
            "fn f<A, B>() where A: C, B: D {}",
            "fn f<A, B,>()\nwhere\n    A: C,\n    B: D,\n{\n}",
        ),
        (
            "match a { B => c, D => e }",
            "match a {\n    B => {\n        c\n    }\n    D => e,\n}",
        ),
        (
            "match a { B => {} C => return d, }",
            "match a { B => {}, C => { return d; } }",
        ),
        ("a.map(|b| c(b))", "a.map(|b| {\n    c(b)\n})"),
        ("a.or_else(|| c)", "a.or_else(|| {\n    c\n})"),
        (
            "let a = move |(b, c): (u8, u8)| b + c;",
            "let a = move |(b, c): (u8, u8)| { b + c };",
        ),
        ("fn f() { return a }", "fn f() {\n    return a;\n}"),
        ("let A: Vec<Vec<u8> >= b;", "let A: Vec<Vec<u8>> = b;"),
        ("a=-b;", "a = -b;"),
        (
            "use b; use a::{d, c};\nuse a::{self};",
            "use a::{self, c, d};\nuse b;\n",
        ),
        ("use a::{b::{c}, d,};", "use a::b::c;\nuse a::d;"),
        (
            "pub(crate) use b; #[allow(a)] use a;",
            "#[allow(a)]\nuse a;\npub(crate) use b;",
        ),
    ] {
        assert_eq!(hash(one), hash(other), "{one} | {other}");
    }
}

#[test]
fn what_means_something_else_counts() {
    for (one, other) in [
        ("a(\"b\")", "a(\"b \")"),
        ("a(\"// b\")", "a(\"// c\")"),
        ("a(1)", "a(1.0)"),
        ("ab", "a b"),
        ("a(b)(c)", "a(b(c))"),
        ("(a,)", "(a)"),
        ("fn f() -> (A,) {}", "fn f() -> (A) {}"),
        ("return (a,)", "return (a)"),
        ("[a, b]", "[a b]"),
        ("{ a; }", "{ a }"),
        ("{ f(|| return); }", "{ f(|| return) }"),
        ("a && b", "a & &b"),
        ("a || b", "a | |b"),
        ("match a { B => { c; } }", "match a { B => c }"),
        ("match a { B => {} }", "match a { B => () }"),
        ("f(|a| {})", "f(|a| ())"),
        ("f(|a| { b + c }.d())", "f(|a| b + c.d())"),
        ("a | { b || c } ", "a | b || c"),
        ("use a::{self};", "use a;"),
        ("use a;", "pub use a;"),
        ("use a::{};", ""),
        ("#[allow(a)] use a; use b;", "use a; #[allow(a)] use b;"),
        ("use a as b;", "use b as a;"),
        ("#[path = \"a\"] mod a;", "mod a;"),
        (
            "fn f() -> impl A + use<'a> {}",
            "fn f() -> impl A + use<> {}",
        ),
        ("r#a", "a"),
        ("'a'", "'a"),
    ] {
        assert_ne!(hash(one), hash(other), "{one} | {other}");
    }
}

#[test]
fn what_is_included_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    for (name, content) in [
        ("data/text.csv", &b"a,b"[..]),
        ("seeds/bytes", &[0xff, 0x00]),
        ("seeds/_common.rs", b"mod inner; fn a() {}"),
        ("seeds/inner.rs", b"fn b() {}"),
        ("seeds/_other.rs", b"mod deep;"),
        (
            "seeds/_other/deep.rs",
            b"const A: &str = include_str!(\"a.txt\");",
        ),
        ("seeds/_other/a.txt", b"a"),
        ("seeds/_code.rs", b"1 + 1"),
        ("seeds/_here/mod.rs", b"mod there;"),
        ("seeds/_here/there.rs", b"fn c() {}"),
    ] {
        write(name, content);
    }
    let seed = folder.path().join("seeds/2026-05-20-a.rs");
    let source = "#[cfg(a)] #[path = \"_common.rs\"] pub(crate) mod common;\nmod _other;\nmod _here;\nmod lost;\n\
        const A: &str = include_str!(r\"../data/text.csv\");\nfn f() { g(std::include_bytes!(\"bytes\",)); include!(\"_code.rs\") }\n\
        #[doc = include_str!(\"bytes\")] const B: &str = concat!(\"include_str!(\");";
    let hashed = || source_hash(&code(source), &seed);
    let first = hashed();
    assert_ne!(first.hash, hash(source));
    let mut names: Vec<_> = first
        .included
        .iter()
        .map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "seeds/../data/text.csv",
            "seeds/_code.rs",
            "seeds/_common.rs",
            "seeds/_here/mod.rs",
            "seeds/_here/there.rs",
            "seeds/_other.rs",
            "seeds/_other/a.txt",
            "seeds/_other/deep.rs",
            "seeds/bytes",
            "seeds/inner.rs",
        ]
    );
    // As in the seed itself, comments and line ends do not count.
    write("seeds/inner.rs", b"// Why.\r\nfn b() {}");
    write("seeds/_code.rs", b"1 +\n1");
    assert_eq!(hashed().hash, first.hash);
    for (name, before, after) in [
        ("data/text.csv", &b"a,b"[..], &b"a,c"[..]),
        ("seeds/bytes", &[0xff, 0x00], &[0xff, 0x01]),
        ("seeds/inner.rs", b"fn b() {}", b"fn c() {}"),
        ("seeds/_other/a.txt", b"a", b"// a"),
        ("seeds/_code.rs", b"1 + 1", b"1 + 2"),
        ("seeds/_here/there.rs", b"fn c() {}", b"fn d() {}"),
    ] {
        write(name, after);
        assert_ne!(hashed().hash, first.hash, "{name}");
        write(name, before);
        assert_eq!(hashed().hash, first.hash, "{name}");
    }
}

#[test]
fn files_that_include_each_other_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("2026-05-20-a.rs");
    fs::write(
        folder.path().join("_b.rs"),
        "include!(\"2026-05-20-a.rs\"); include!(\"_b.rs\");",
    )
    .unwrap();
    let source = "include!(\"_b.rs\"); include!(\"_b.rs\");";
    fs::write(&seed, source).unwrap();
    assert_eq!(
        source_hash(&code(source), &seed).included,
        [folder.path().join("_b.rs")]
    );
}
