//! Where the code of a chapter comes from.

use std::fs;
use std::path::Path;

/// Chapters that tests paste from top to bottom, so that what they show is compiled and run.
const PASTED: [&str; 1] = ["first-hour.md"];

/// The blocks of Rust in a chapter that are written there and nowhere else, and what is included and is not there. Paths
/// start at `folder`.
pub(crate) fn problems(folder: &Path, name: &str, chapter: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_rust = false;
    for (line, number) in chapter.lines().zip(1..) {
        let mut problem = |text: String| problems.push(format!("{name}:{number}: {text}"));
        let included = line.strip_prefix("{{#include ");
        if let Some(included) = included.and_then(|line| line.strip_suffix("}}")) {
            if !is_there(folder, included) {
                problem(format!("there is no {included}"));
            }
        } else if let Some(language) = line.strip_prefix("```") {
            is_rust = language.starts_with("rust");
        } else if is_rust && !PASTED.contains(&name) {
            problem("Rust that comes from no file: include it from one that compiles".to_owned());
            is_rust = false;
        }
    }
    problems
}

/// Whether there is such a file, and in it the anchor behind the `:`, if there is one.
fn is_there(folder: &Path, included: &str) -> bool {
    let (file, anchor) = included.split_once(':').unwrap_or((included, ""));
    let begin = format!("ANCHOR: {anchor}");
    let text = fs::read_to_string(folder.join(file));
    text.is_ok_and(|text| anchor.is_empty() || text.lines().any(|line| line.ends_with(&begin)))
}
