//! Which retired seeds a seed may replace.

use std::collections::BTreeMap;
use std::path::Path;

use crate::problem::Problem;
use crate::retired::RETIRED_LIST;
use crate::seed_file::SeedFile;
use crate::suggestion::nearest_id;

/// What is wrong with `REPLACES` in the seeds that were read.
pub(crate) fn replaced_problems(
    read: &[Result<SeedFile, Vec<Problem>>],
    retired: &[SeedFile],
    shown: &Path,
) -> Vec<Problem> {
    let mut replaced_by = BTreeMap::new();
    let mut problems = Vec::new();
    for seed in read.iter().flatten() {
        for (id, line) in seed.replaces.iter().zip(&seed.replaces_lines) {
            let fault = fault_of_seed(seed)
                .or_else(|| fault(id, seed, retired))
                .or_else(|| {
                    let first = replaced_by.insert(id, &seed.id)?;
                    Some(format!(
                        "{id} is replaced by {first} already; take {id:?} out of one of the two `REPLACES`"
                    ))
                });
            let file = shown.join(format!("{}.rs", seed.id));
            problems.extend(fault.map(|message| match line {
                Some(line) => Problem::at_line(file, *line, message),
                None => Problem::new(file, message),
            }));
        }
    }
    problems
}

/// What keeps a seed from replacing any other, and what to do.
///
/// What it replaces was applied before the seeds behind it, whole, and so is it.
fn fault_of_seed(seed: &SeedFile) -> Option<String> {
    if seed.in_steps {
        return Some(
            "a seed of many steps cannot replace others; write `run` in place of `batch`, or take `REPLACES` away"
                .to_owned(),
        );
    }
    seed.background.then(|| {
        "a seed in the background cannot replace others, since seeds with later dates may need what they did; take \
         `BACKGROUND` away, or `REPLACES`"
            .to_owned()
    })
}

/// What keeps `seed` from replacing `id`, and what to do.
fn fault(id: &str, seed: &SeedFile, retired: &[SeedFile]) -> Option<String> {
    let Some(replaced) = retired.iter().find(|retired| retired.id == id) else {
        let ids: Vec<String> = retired.iter().map(|retired| retired.id.clone()).collect();
        let instead = match nearest_id(id, &ids) {
            Some(nearest) => format!("write {nearest:?}"),
            None => format!("retire it first, or take {id:?} out of `REPLACES`"),
        };
        return Some(format!("{id} is not in {RETIRED_LIST}; {instead}"));
    };
    if id > seed.id.as_str() {
        return Some(format!(
            "{id} sorts after this seed, so this one cannot replace it; give the file a later date, or take it out of \
             `REPLACES`"
        ));
    }
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    if sorted(&replaced.environments) == sorted(&seed.environments) {
        return None;
    }
    let (runs_in, instead) = if replaced.environments.is_empty() {
        (
            "everywhere".to_owned(),
            "take `ENVIRONMENTS` away".to_owned(),
        )
    } else {
        (
            format!("in {} alone", replaced.environments.join(", ")),
            format!(
                "write `pub const ENVIRONMENTS: &[&str] = &{:?};`",
                replaced.environments
            ),
        )
    };
    Some(format!(
        "{id} ran {runs_in}, and what replaces it has to run where it did; {instead}, or take {id:?} out of `REPLACES`"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;
    use crate::scan;

    const HEAD: &str = "pub const DESCRIPTION: &str = \"Text\";\n";
    const RUN: &str = "pub async fn run(c: C) -> R {}\n";
    const HASHES: &str = "tokens:0123456789abcdef 0123456789abcdef 1.0.0";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let list = format!(
            "2026-01-01-a {HASHES} Text\n2026-01-02-b {HASHES} Text\n2026-01-03-c {HASHES} only:demo Text\n\
             2026-12-31-z {HASHES} Text\n"
        );
        fs::write(folder.path().join(RETIRED_LIST), list).unwrap();
        for (id, source) in files {
            let source = HEAD.to_owned() + source;
            fs::write(folder.path().join(format!("{id}.rs")), source).unwrap();
        }
        folder
    }

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let folder = folder(files);
        let Err(error) = scan(folder.path()) else {
            return Vec::new();
        };
        let shown = format!("{}/", folder.path().display());
        let problems = error.problems().iter();
        problems
            .map(|problem| problem.to_string().replace(&shown, ""))
            .collect()
    }

    fn replacing(ids: &str) -> String {
        format!("{RUN}pub const REPLACES: &[&str] = &[{ids}];\n")
    }

    #[test]
    fn retired_seeds_that_sort_before_it_are_replaced() {
        let in_demo =
            replacing("\"2026-01-03-c\"") + "pub const ENVIRONMENTS: &[&str] = &[\"demo\"];\n";
        let both = replacing("\"2026-01-01-a\", \"2026-01-02-b\"");
        let folder = folder(&[("2026-02-01-x", &both), ("2026-02-02-y", &in_demo)]);
        let seeds = scan(folder.path()).unwrap();
        let seed = seeds.iter().find(|seed| seed.id == "2026-02-01-x").unwrap();
        assert_eq!(seed.replaces, ["2026-01-01-a", "2026-01-02-b"]);
    }

    #[test]
    fn whatever_else_is_a_problem_with_its_line() {
        let many = "pub type Cursor = i64;\npub async fn batch(c: C, a: A, l: L) -> R {}\n\
                    pub const REPLACES: &[&str] = &[\"2026-01-01-a\"];\n";
        let a = "\"2026-01-01-a\"";
        let in_background = replacing(a) + "pub const BACKGROUND: bool = true;\n";
        let in_demo = replacing(a) + "pub const ENVIRONMENTS: &[&str] = &[\"demo\"];\n";
        for (source, message) in [
            (
                replacing("\"2026-01-09-b\""),
                "3: 2026-01-09-b is not in retired.txt; write \"2026-01-02-b\"",
            ),
            (
                replacing("\"2026-02-01-x\""),
                "3: 2026-02-01-x is not in retired.txt; retire it first, or take \"2026-02-01-x\" out of `REPLACES`",
            ),
            (
                replacing("\"2026-12-31-z\""),
                "3: 2026-12-31-z sorts after this seed, so this one cannot replace it; give the file a later date, or \
                 take it out of `REPLACES`",
            ),
            (
                replacing("\"2026-01-01-a\",\n\"2026-01-01-a\""),
                "4: 2026-01-01-a is replaced by 2026-02-01-x already; take \"2026-01-01-a\" out of one of the two \
                 `REPLACES`",
            ),
            (
                replacing("\"2026-01-03-c\""),
                "3: 2026-01-03-c ran in demo alone, and what replaces it has to run where it did; write `pub const \
                 ENVIRONMENTS: &[&str] = &[\"demo\"];`, or take \"2026-01-03-c\" out of `REPLACES`",
            ),
            (
                in_demo,
                "3: 2026-01-01-a ran everywhere, and what replaces it has to run where it did; take `ENVIRONMENTS` \
                 away, or take \"2026-01-01-a\" out of `REPLACES`",
            ),
            (
                in_background,
                "3: a seed in the background cannot replace others, since seeds with later dates may need what they \
                 did; take `BACKGROUND` away, or `REPLACES`",
            ),
            (
                many.to_owned(),
                "4: a seed of many steps cannot replace others; write `run` in place of `batch`, or take `REPLACES` away",
            ),
            (
                format!("{RUN}const REPLACES: &[&str] = &[];\n"),
                "3: `REPLACES` is private; write `pub const REPLACES: &[&str] = &[\"YYYY-MM-DD-what-it-changed\"];`",
            ),
        ] {
            assert_eq!(
                problems(&[("2026-02-01-x", &source)]),
                [format!("2026-02-01-x.rs:{message}")]
            );
        }
    }

    #[test]
    fn two_seeds_replace_no_one_seed() {
        let source = replacing("\"2026-01-01-a\"");
        assert_eq!(
            problems(&[("2026-02-01-x", &source), ("2026-02-02-y", &source)]),
            [
                "2026-02-02-y.rs:3: 2026-01-01-a is replaced by 2026-02-01-x already; take \"2026-01-01-a\" out of one \
              of the two `REPLACES`"
            ]
        );
    }
}
