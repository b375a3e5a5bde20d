//! Builds the book and checks it: every link leads somewhere, every piece of Rust comes from a file that compiles, and every
//! message that it explains is one that is said.
//!
//! ```console
//! $ cargo run -p kumiko-guide
//! the guide is in target/guide/index.html
//! ```

mod code;
mod links;
mod messages;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use mdbook_driver::MDBook;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = folder.with_file_name("target").join("guide");
    let problems = build(folder, &output).and_then(|mut problems| {
        let library = folder.with_file_name("kumiko-seeds").join("src");
        let chapter = fs::read_to_string(folder.join("chapters").join(messages::CHAPTER))?;
        problems.extend(messages::problems(&chapter, &messages::read(&library)?));
        Ok(problems)
    });
    match problems {
        Ok(problems) if problems.is_empty() => {
            println!("the guide is in {}", output.join("index.html").display());
            ExitCode::SUCCESS
        }
        Ok(problems) => {
            for problem in problems {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: the guide does not build: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the book of `folder`. What is wrong with it is a line each.
fn build(folder: &Path, output: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut book = MDBook::load(folder).map_err(|error| format!("{error:#}"))?;
    let mut problems = Vec::new();
    let chapters = folder.join(&book.config.book.src);
    for chapter in fs::read_dir(&chapters)? {
        let path = chapter?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        problems.extend(code::problems(
            &chapters,
            &name,
            &fs::read_to_string(&path)?,
        ));
    }
    output.clone_into(&mut book.config.build.build_dir);
    book.build().map_err(|error| format!("{error:#}"))?;
    problems.extend(links::problems(&links::pages(output)?));
    problems.sort();
    Ok(problems)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// The problems of a book with this one chapter, and another one without anything.
    fn problems(chapter: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("chapters")).unwrap();
        write("book.toml", "[book]\nsrc = \"chapters\"\n");
        write(
            "chapters/SUMMARY.md",
            "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n",
        );
        write("chapters/one.md", chapter);
        write("chapters/two.md", "# Two\n\n## A part\n");
        write("listing.rs", "// ANCHOR: a\nfn a() {}\n// ANCHOR_END: a\n");
        build(folder.path(), &folder.path().join("output")).unwrap()
    }

    #[test]
    fn what_is_right_is_no_problem() {
        let chapter = "# One\n\n[two](two.md), [a part](two.md#a-part), [here](#one)\n\n\
                       ```rust\n{{#include ../listing.rs:a}}\n```\n\n```sql\nSELECT 1\n```\n";
        assert_eq!(problems(chapter), [""; 0]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let chapter = "# One\n\n[a](three.md) [b](two.md#no-part) [c](#nor-here) ![d](e.png)\n";
        assert_eq!(
            problems(chapter),
            [
                "one.html: there is no #no-part in two.html",
                "one.html: there is no #nor-here in one.html",
                "one.html: there is no e.png",
                "one.html: there is no three.html",
            ]
        );
    }

    #[test]
    fn code_that_comes_from_no_file_is_named() {
        let chapter = "# One\n\n```rust\nfn a() {}\n```\n\n```rust\n{{#include ../listing.rs:b}}\n```\n\n\
                       ```rust\n{{#include ../nowhere.rs}}\n```\n";
        assert_eq!(
            problems(chapter),
            [
                "one.md:12: there is no ../nowhere.rs",
                "one.md:4: Rust that comes from no file: include it from one that compiles",
                "one.md:8: there is no ../listing.rs:b",
            ]
        );
    }
}
