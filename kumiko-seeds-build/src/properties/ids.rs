//! Ids, and the names that are made of them.

use std::collections::BTreeMap;
use std::fs;

use proptest::collection::btree_set;
use proptest::prelude::*;

use super::steers;
use super::writing::{id, near_id};
use crate::id::module_name;
use crate::{scan, skip_flag, validate_id};

/// The rule of ids, told once more in other words.
fn is_id(text: &str) -> bool {
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.splitn(4, '-').collect();
    let [year, month, day, slug] = parts.as_slice() else {
        return false;
    };
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let [year, month, day] = [year, month, day].map(|part| part.parse::<u32>().unwrap());
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let in_slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=days).contains(&day) && (1..=60).contains(&slug.len()) && slug.bytes().all(in_slug)
}

proptest! {
    #[test]
    fn exactly_what_has_the_form_of_an_id_is_accepted(text in near_id()) {
        match validate_id(&text) {
            Ok(()) => prop_assert!(is_id(&text)),
            Err(rule) => {
                prop_assert!(!is_id(&text));
                prop_assert!(!steers(&rule.to_string()), "{rule:?}");
            }
        }
    }

    #[test]
    fn every_id_is_accepted_and_its_names_are_names(id in id()) {
        prop_assert_eq!(validate_id(&id), Ok(()));
        prop_assert!(syn::parse_str::<syn::Ident>(&module_name(&id)).is_ok());
        let flag = skip_flag(&id);
        prop_assert!(flag.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'));
    }

    /// Ids out of few letters, so that many of them are near to one another.
    #[test]
    fn the_seeds_of_a_folder_have_names_of_their_own_or_the_build_fails(
        slugs in btree_set("[ab-]{1,4}", 1..8)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut by_flag: BTreeMap<String, u32> = BTreeMap::new();
        for slug in &slugs {
            let id = format!("2026-05-20-{slug}");
            let source = "pub const DESCRIPTION: &str = \"a\"; pub async fn run(c: C) -> R {}";
            fs::write(folder.path().join(format!("{id}.rs")), source).unwrap();
            *by_flag.entry(skip_flag(&id)).or_default() += 1;
        }
        match scan(folder.path()) {
            Ok(seeds) => {
                prop_assert_eq!(seeds.len(), slugs.len());
                let modules: std::collections::BTreeSet<_> =
                    seeds.iter().map(|seed| module_name(&seed.id)).collect();
                prop_assert_eq!(modules.len(), slugs.len());
                prop_assert!(by_flag.values().all(|&count| count == 1));
            }
            Err(error) => {
                let doubles: u32 = by_flag.values().map(|count| count - 1).sum();
                prop_assert_eq!(error.problems().len(), usize::try_from(doubles).unwrap());
            }
        }
    }
}
