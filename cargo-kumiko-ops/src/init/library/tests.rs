use super::*;

#[track_caller]
fn assert_becomes(before: &str, after: &str) {
    let source = Source::parse(before);
    assert_eq!(
        source.map(|source| with_module(&source)).ok().as_deref(),
        Some(after)
    );
}

#[test]
fn among_modules_it_stands_where_rustfmt_would_have_it() {
    assert_becomes(
        "//! Docs\n\nmod a; // first\nmod z;\n\nuse a::b;\n\nmod tests {}\n",
        "//! Docs\n\nmod a; // first\npub mod seeds;\nmod z;\n\nuse a::b;\n\nmod tests {}\n",
    );
    assert_becomes("mod a;", "mod a;\npub mod seeds;");
    assert_becomes("mod a; fn b() {}", "mod a;\npub mod seeds;\n fn b() {}");
    assert_becomes(
        "/// The last.\n#[cfg(x)]\nmod z;\r\n",
        "pub mod seeds;\r\n/// The last.\n#[cfg(x)]\nmod z;\r\n",
    );
}

#[test]
fn without_modules_it_stands_above_all_items() {
    assert_becomes("", "pub mod seeds;\n");
    assert_becomes("fn a() {}\n", "pub mod seeds;\n\nfn a() {}\n");
    assert_becomes("//! Docs", "//! Docs\n\npub mod seeds;");
    assert_becomes("//! Docs\n", "//! Docs\n\npub mod seeds;\n");
    assert_becomes(
        "//! Docs\n#![warn(a)] // why\nfn a() {}\n",
        "//! Docs\n#![warn(a)] // why\n\npub mod seeds;\n\nfn a() {}\n",
    );
    assert_becomes(
        "//! Docs\r\n\r\nuse a::b;\r\n",
        "//! Docs\r\n\r\npub mod seeds;\r\n\r\nuse a::b;\r\n",
    );
    assert_becomes(
        "// Copyright\n\n// About a.\nfn a() {}\n",
        "// Copyright\n\npub mod seeds;\n\n// About a.\nfn a() {}\n",
    );
    assert_becomes(
        "// About a.\nfn a() {}\n",
        "pub mod seeds;\n\n// About a.\nfn a() {}\n",
    );
}
