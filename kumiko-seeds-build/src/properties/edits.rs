//! Which edits a hash of a source tells.

use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::sources::{RIGHT, read_in_time, source};
use crate::source_hash::{canonical, source_hash};

const SEEDS: [&str; 2] = [
    "use kumiko_seeds::{json, SeedResult};\nuse kumiko_seeds::postgres::SeedContext;\n\n\
     pub const DESCRIPTION: &str = \"Gives every tenant administrator the role TenantAdmin\";\n\
     pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {\n    for row in sqlx::query(\"SELECT id FROM tenants\").fetch_all(ctx.connection().await?).await? {\n        \
     let roles = match row.get::<Option<i32>, _>(\"kind\") { Some(1) => { \"a\" } Some(_) => { return Ok(()) } None => \"b\" };\n        \
     let roles: Vec<_> = [roles].iter().map(|role| { role.to_uppercase() }).collect();\n        \
     ctx.system_write_as(\"tenant:write:update-member-roles\", json!({ \"id\": row.id, \"roles\": roles })).in_tenant(row.tenant).await?;\n    }\n    Ok(())\n}\n",
    "use a::{c, b}; use a;\n/// Why.\npub const DESCRIPTION: &str = \"b\";\npub const BACKGROUND: bool = true;\n#[derive(Debug)]\npub struct Cursor(i64, (String,));\n\
     pub async fn count(c: C) -> R { if a && b || d & &e == f { 1 } else { f(g(|| 2), (h,), &[1, 2,],) } }\n\
     pub async fn batch<T, const N: usize>(c: C, after: Option<Cursor>, limit: u32) -> R where T: A<B = C>, { loop { break 1; } }\n",
];

fn right() -> impl Strategy<Value = String> {
    select([&RIGHT[..4], &SEEDS[..]].concat()).prop_map(str::to_owned)
}

fn tokens(source: &str) -> TokenStream {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    TokenStream::from_str(&source.replace("\r\n", "\n")).unwrap()
}

fn hash(tokens: TokenStream) -> String {
    source_hash(&canonical(tokens), Path::new("2026-05-20-x.rs")).hash
}

/// The tokens with another word in place of that at `at`, which is counted down, or without it.
fn changed(tokens: TokenStream, at: &mut usize, to: Option<&str>) -> TokenStream {
    let mut trees = Vec::new();
    for tree in tokens {
        let counts = match &tree {
            TokenTree::Group(group) => {
                let is_doc = group
                    .stream()
                    .into_iter()
                    .next()
                    .is_some_and(|first| first.to_string() == "doc");
                let inner = if is_doc {
                    group.stream()
                } else {
                    changed(group.stream(), at, to)
                };
                trees.push(Group::new(group.delimiter(), inner).into());
                continue;
            }
            // Those at the end of a list do not count, and those before and behind a comment are not there.
            TokenTree::Punct(punct) => !",;#!".contains(punct.as_char()),
            TokenTree::Ident(_) | TokenTree::Literal(_) => true,
        };
        if !counts {
            trees.push(tree);
            continue;
        }
        match (*at, to) {
            (0, Some(to)) => trees.push(Ident::new(to, Span::call_site()).into()),
            (0, None) => {}
            _ => trees.push(tree),
        }
        *at = at.wrapping_sub(1);
    }
    trees.into_iter().collect()
}

fn count(tokens: TokenStream) -> usize {
    let mut at = usize::MAX;
    changed(tokens, &mut at, None);
    usize::MAX - at
}

proptest! {
    #[test]
    fn a_formatter_changes_no_hash(source in prop_oneof![2 => right(), 1 => source()]) {
        if read_in_time(&source).is_ok() {
            let before = tokens(&source);
            let formatted = prettyplease::unparse(&syn::parse2(before.clone()).unwrap());
            prop_assert_eq!(hash(tokens(&formatted)), hash(before), "{}", formatted);
        }
    }

    #[test]
    fn a_comment_changes_no_hash(source in right(), comment in "[a-z \"'{}(),;]{0,20}") {
        let before = tokens(&source);
        let formatted = prettyplease::unparse(&syn::parse2(before.clone()).unwrap());
        // A backslash at the end of a line is in the middle of a text.
        let lines = formatted.lines().map(|line| match line.strip_suffix('\\') {
            Some(_) => format!("{line}\n"),
            None => format!("{line} /* {comment} */ // {comment}\n"),
        });
        let lines: String = lines.collect();
        prop_assert_eq!(hash(tokens(&lines)), hash(before), "{}", lines);
    }

    #[test]
    fn a_token_changes_the_hash(source in right(), at in any::<Index>(), to in prop_oneof![Just(None), Just(Some("changed"))]) {
        let before = tokens(&source);
        let mut place = at.index(count(before.clone()));
        let after = changed(before.clone(), &mut place, to);
        prop_assert_ne!(hash(after.clone()), hash(before), "{}", after);
    }
}
