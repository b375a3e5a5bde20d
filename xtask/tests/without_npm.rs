//! `cargo xtask` on a machine that has neither npm nor a program that could install it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

const MISSING: &str = "\
error: npm, which fetches PostgreSQL of a chosen version, was not found
help: install it, then run the command again:
    Debian, Ubuntu:  sudo apt-get install npm
    Fedora:          sudo dnf install nodejs-npm
";

/// Runs the program from a target folder of this test's own, in which no version was fetched, with a PATH
/// that leads nowhere: whether it succeeded, and what it wrote.
fn run(name: &str, arguments: &[&str]) -> (bool, String) {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let program = target.join("debug/xtask");
    drop(fs::remove_dir_all(&target));
    fs::create_dir_all(target.join("debug")).unwrap();
    // A copy could still be open in a process of the other test when it is started.
    fs::hard_link(env!("CARGO_BIN_EXE_xtask"), &program).unwrap();
    let mut command = Command::new(program);
    let output = command.args(arguments).env("PATH", &target).output();
    let output = output.unwrap();
    assert!(!target.join("postgres").exists());
    let shown = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), shown)
}

#[test]
fn tests_on_a_chosen_version_say_what_to_install() {
    let shown = run("xtask-test", &["test", "--postgres", "18"]);
    assert_eq!(shown, (false, MISSING.to_owned()));
}

#[test]
fn continuous_integration_leaves_the_newest_version_out_and_says_so() {
    let (success, shown) = run("xtask-ci", &["ci", "newest-postgres"]);
    let (shown, time) = shown.rsplit_once("everything passed in ").unwrap();
    let expected = "
=== newest-postgres: cargo test --workspace --locked --test applying -- --skip sqlite:: --test-threads 4
";
    assert_eq!(
        shown,
        format!("{expected}{MISSING}=== newest-postgres: left out\n\n")
    );
    let (_, rest) = time.split_once(" s\n").unwrap();
    assert_eq!(rest, "newest-postgres was left out, for the reason above\n");
    assert!(success);
}
