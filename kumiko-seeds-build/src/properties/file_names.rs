//! File names in the folder of seeds.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;

use super::steers;
use super::writing::{near_id, text};
use crate::scan::scan_shown_as;
use crate::validate_id;

/// What can be the name of a file.
fn file_name() -> impl Strategy<Value = String> {
    let stem = prop_oneof![near_id(), text()];
    (
        stem,
        prop_oneof![4 => Just(".rs"), 1 => Just(".RS"), 1 => Just(".rs.txt"), 1 => Just(".rs~"), 1 => Just("")],
    )
        .prop_map(|(stem, ending)| {
            let mut stem = stem.replace(['/', '\0'], "");
            // Systems allow 255 bytes.
            while stem.len() > 200 {
                stem.pop();
            }
            format!("{stem}{ending}")
        })
}

proptest! {
    #[test]
    fn every_file_is_a_seed_or_a_problem_or_left_alone(names in vec(file_name(), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = std::collections::BTreeSet::new();
        for name in names {
            let source = "pub const DESCRIPTION: &str = \"a\"; pub async fn run(c: C) -> R {}";
            if ["", ".", ".."].contains(&&*name) || fs::write(folder.path().join(&name), source).is_err() {
                continue;
            }
            let is_rust = name.split('.').skip(1).any(|ending| ending.trim().to_lowercase() == "rs");
            let endings = ["~", "#", ".orig", ".rej", ".bak", ".tmp", ".swp", ".swo"];
            let is_left_alone = name.starts_with(['_', '.']) || endings.iter().any(|ending| name.ends_with(ending));
            if (is_rust || validate_id(&name).is_ok()) && !is_left_alone {
                expected.insert(name);
            }
        }
        let shown = Path::new("seeds");
        let (seeds, problems) = match scan_shown_as(folder.path(), shown, &[]) {
            Ok(seeds) => (seeds, Vec::new()),
            Err(error) => (error.readable_seeds().to_vec(), error.problems().to_vec()),
        };
        for seed in &seeds {
            prop_assert_eq!(validate_id(&seed.id), Ok(()));
            let file_name = format!("{}.rs", seed.id);
            prop_assert!(expected.remove(&file_name), "{file_name}");
        }
        for problem in &problems {
            let line = problem.to_string();
            prop_assert!(line.starts_with("seeds/"), "{line:?}");
            prop_assert!(!steers(&line), "{line:?}");
            expected.remove(&*problem.path().file_name().unwrap().to_string_lossy());
        }
        prop_assert!(expected.is_empty(), "{expected:?}");
    }
}
