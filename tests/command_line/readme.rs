//! The README, pasted from top to bottom: what it shows is what happens.

use std::fs;
use std::process::Command;

use crate::app::App;
use crate::database::{postgres, wait};
use crate::program::workspace;
use crate::transcript::{assert_shows, transcript};

const SECTION: &str = "\n## In an app of your own\n";

/// A fenced block.
#[derive(Debug)]
struct Block {
    language: String,
    /// What stands in backticks at the beginning of the line of text before it, if anything does.
    file: Option<String>,
    text: String,
}

#[test]
fn the_app_of_the_readme_runs_on_sqlite() {
    paste("readme-sqlite", &[]);
}

/// With nothing changed but what the README says.
#[test]
fn the_app_of_the_readme_runs_on_postgres() {
    let database = postgres("");
    let url = format!("'{}'", database.url);
    // One build of the driver serves the apps of either database.
    let both = "version = \"0.9\", features = [\"sqlite-bundled\"], ";
    paste(
        "readme-postgres",
        &[
            ("'sqlite:my-app.db?mode=rwc'", &url),
            ("my-app", "my-other-app"),
            ("my_app", "my_other_app"),
            ("SqlitePool", "PgPool"),
            ("sqlite", "postgres"),
            ("version = \"0.9\", ", both),
        ],
    );
    wait(database.remove());
}

#[test]
fn the_seed_on_the_front_page_is_the_one_of_the_example() {
    let blocks = blocks(&readme());
    let shown: Vec<&Block> = blocks
        .iter()
        .filter(|block| {
            let file = block.file.as_deref();
            file.is_some_and(|file| file.starts_with("examples/"))
        })
        .collect();
    assert_eq!(shown.len(), 1);
    for block in shown {
        let file = workspace().join(block.file.as_deref().unwrap());
        assert_eq!(block.text, fs::read_to_string(file).unwrap());
    }
}

/// Writes the files and runs the commands of the section, in the order in which they stand there.
#[track_caller]
fn paste(folder: &str, replacements: &[(&str, &str)]) {
    let app = App::folder(folder);
    let text = readme();
    let (_, section) = text.split_once(SECTION).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut section = section.to_owned();
    for (from, to) in replacements {
        assert!(section.contains(from), "no {from} in the README");
        section = section.replace(from, to);
    }
    let mut variables = String::new();
    for block in blocks(&section) {
        match (block.language.as_str(), &block.file) {
            ("console", None) => run(&app, &block.text, &mut variables),
            ("toml", Some(file)) => app.write(file, &of_this_checkout(&block.text)),
            ("rust", Some(file)) => app.write(file, &block.text),
            other => panic!("nobody knows what to do with {other:?}"),
        }
    }
}

/// A manifest whose checkout is this one, with the versions that are there without a network.
fn of_this_checkout(manifest: &str) -> String {
    let checkout = "path = \"../kumiko/";
    assert!(manifest.contains(checkout), "no {checkout} in {manifest}");
    let here = format!("path = \"{}/", workspace().display());
    // Below the folder of this workspace it would be a member of it.
    format!("{}\n[workspace]\n", manifest.replace(checkout, &here))
}

/// Runs each line behind a `$`, and compares what it shows with the lines that follow, if there are any.
#[track_caller]
fn run(app: &App, console: &str, variables: &mut String) {
    for command in format!("\n{console}").split("\n$ ").skip(1) {
        let (line, shown) = command.split_once('\n').unwrap_or((command, ""));
        if line.starts_with("export ") {
            variables.push_str(line);
            variables.push('\n');
            continue;
        }
        // As Cargo calls it. Below the folder of this workspace Cargo would take its alias instead.
        let called = line.replace("cargo kumiko-ops", "cargo-kumiko-ops kumiko-ops");
        // As a terminal has it: both streams, in the order in which they were written.
        let script = format!("{variables}exec 2>&1\n{called}");
        let output = app.script(&script);
        assert!(output.status.success(), "{line}: {output:?}");
        if !shown.trim().is_empty() {
            let expected = transcript(&of_text(shown), &[]);
            assert_shows(&transcript(&output, &[]), &expected);
        }
    }
}

/// The text as if a command had shown it.
fn of_text(shown: &str) -> std::process::Output {
    let mut output = Command::new("true").output().unwrap();
    output.stdout = shown.as_bytes().to_vec();
    output
}

fn readme() -> String {
    fs::read_to_string(workspace().join("README.md")).unwrap()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The first line of the paragraph before a block.
    let mut paragraph = "";
    let mut previous = "";
    let mut is_open = false;
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_open = !is_open;
            if is_open {
                let quoted = paragraph
                    .strip_prefix('`')
                    .and_then(|rest| rest.split_once('`'));
                blocks.push(Block {
                    language: language.to_owned(),
                    file: quoted.map(|(file, _)| file.to_owned()),
                    text: String::new(),
                });
            }
        } else if is_open {
            let block = blocks.last_mut().unwrap();
            block.text.extend([line, "\n"]);
        } else if previous.is_empty() && !line.is_empty() {
            paragraph = line;
        }
        previous = line;
    }
    blocks
}
