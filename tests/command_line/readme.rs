//! The README and the chapters of the guide that are to be pasted from top to bottom: what they show is what happens.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::database::{postgres, sqlite, texts, wait};
use crate::program::workspace;
use crate::transcript::{assert_shows, transcript};

const EXAMPLE: &str = "\n## Try it\n";
const OWN_APP: &str = "first-hour.md";
const MANY_STEPS: &str = "long-work.md";
const DELIVERED_AGAIN: &str = "replays.md";

/// Members without a role, as they come after the seeds that a boot applies.
const MEMBERS: &str = "
    CREATE TEMP TABLE members AS
        WITH RECURSIVE numbers (number) AS
            (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 30000)
        SELECT printf('0198f0a3-0000-7000-8000-%012d', number) AS id,
               '0198f0a1-0000-7000-8000-000000000001' AS tenant_id FROM numbers;
    INSERT INTO read_tenant_memberships (id, tenant_id, user_id, roles)
        SELECT id, tenant_id, id, '[]' FROM members;
    INSERT INTO kumiko_events
            (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
        SELECT id, 'membership', tenant_id, 1, 'member-added', '{}', '{}', 'eve' FROM members;";

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

/// From the first boot to a role that a request has changed, and to mails that are sent again.
#[test]
fn the_first_commands_show_what_they_are_said_to() {
    let app = App::whole_example("readme-example");
    let section = section(EXAMPLE).replace(" --manifest-path examples/admin-roles/Cargo.toml", "");
    let blocks = blocks(&section);
    let (seeds, serving) = blocks[0].text.split_once("$ cargo run\n").unwrap();
    let variables = &mut String::new();
    run(&app, seeds, variables);
    let server = app.serve("cargo run");
    let here = |text: &str| text.replace("127.0.0.1:3000", &server.address);
    assert_shows(
        &transcript(&of_text(&server.shown), &[]),
        &transcript(&of_text(&here(serving)), &[]),
    );
    // No bar that moves, which a terminal would not show either.
    let requests = here(&blocks[1].text).replace("$ curl", "$ curl --silent --show-error");
    run(&app, &requests, variables);
    drop(server);
    let replayed = console(DELIVERED_AGAIN);
    run_alike(&app, &replayed, variables, without_numbers);
}

/// While the app serves, which ends with the test.
#[test]
fn a_seed_of_many_steps_is_steered_as_it_is_said_to_be() {
    let app = App::whole_example("readme-many-steps");
    run(
        &app,
        "$ cargo kumiko-ops seed:apply --foreground",
        &mut String::new(),
    );
    let file = app.path("admin-roles.db");
    sqlite(&file, MEMBERS);
    let server = app.serve("cargo run");
    let done = "SELECT CAST(count(*) AS text) FROM kumiko_events WHERE created_by <> 'eve'";
    let before = wait(texts(&file, done));
    let begin = Instant::now();
    while wait(texts(&file, done)) == before {
        assert!(begin.elapsed() < Duration::from_mins(1), "no step is done");
        thread::sleep(Duration::from_millis(20));
    }
    let console = console(MANY_STEPS);
    run_alike(&app, &console, &mut String::new(), without_numbers);
    drop(server);
}

/// What was shown, but for how far a seed was, and when and how long others ran.
fn without_numbers(shown: &str) -> String {
    let mut text = String::new();
    for character in shown.replace("[today]", "0-0-0").chars() {
        let character = if character.is_ascii_digit() {
            '0'
        } else {
            character
        };
        let is_repeated = matches!(character, '0' | ' ') && text.ends_with(character);
        if !is_repeated {
            text.push(character);
        }
    }
    // On a slow machine more than a minute is left.
    text.replace("0m 0s", "0s")
}

/// The guide includes the files of the example; the README cannot.
#[test]
fn what_is_shown_of_the_example_stands_in_it() {
    let blocks = blocks(&readme());
    let shown = blocks
        .iter()
        .filter_map(|block| Some((block.file.as_deref()?, &block.text)));
    let shown: Vec<_> = shown
        .filter(|(file, _)| file.starts_with("examples/"))
        .collect();
    let seed = "examples/admin-roles/seeds/2026-05-20-grant-tenant-admin.rs";
    let whole = fs::read_to_string(workspace().join(seed)).unwrap();
    assert_eq!(shown, [(seed, &whole)]);
}

/// Writes the files and runs the commands of the chapter, in the order in which they stand there.
#[track_caller]
fn paste(folder: &str, replacements: &[(&str, &str)]) {
    let app = App::folder(folder);
    let mut chapter = chapter(OWN_APP);
    for (from, to) in replacements {
        assert!(chapter.contains(from), "no {from} in {OWN_APP}");
        chapter = chapter.replace(from, to);
    }
    let mut variables = String::new();
    for block in blocks(&chapter) {
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
    run_alike(app, console, variables, str::to_owned);
}

/// As [`run`], where what is shown need only be the same after `alike`.
#[track_caller]
fn run_alike(app: &App, console: &str, variables: &mut String, alike: fn(&str) -> String) {
    for command in format!("\n{console}").split("\n$ ").skip(1) {
        let end = ends_a_line(command).unwrap_or(command.len());
        let (line, shown) = command.split_at(end);
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
            let expected = transcript(&of_text(shown.trim_start()), &[]);
            assert_shows(&alike(&transcript(&output, &[])), &alike(&expected));
        }
    }
}

/// Where the first line ends that goes on with no other, as one does with a backslash.
fn ends_a_line(command: &str) -> Option<usize> {
    let mut ends = command.match_indices('\n').map(|(end, _)| end);
    ends.find(|end| !command[..*end].ends_with('\\'))
}

/// The text as if a command had shown it.
fn of_text(shown: &str) -> std::process::Output {
    let mut output = Command::new("true").output().unwrap();
    output.stdout = shown.as_bytes().to_vec();
    output
}

fn section(heading: &str) -> String {
    let text = readme();
    let (_, section) = text.split_once(heading).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    section.to_owned()
}

/// The first commands of a chapter.
fn console(name: &str) -> String {
    let blocks = blocks(&chapter(name)).into_iter();
    let mut consoles = blocks.filter(|block| block.language == "console");
    consoles.next().unwrap().text
}

fn chapter(name: &str) -> String {
    fs::read_to_string(workspace().join("docs/chapters").join(name)).unwrap()
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
