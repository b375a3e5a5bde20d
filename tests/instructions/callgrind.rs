//! Counting what a test of this program takes.

use std::env;
use std::process::{Command, Stdio};

/// Tells a part how much there is to do.
const AMOUNT: &str = "KUMIKO_INSTRUCTIONS_AMOUNT";

/// How much the part in this process has to do.
pub(crate) fn amount() -> usize {
    let amount = env::var(AMOUNT).unwrap_or_default();
    amount.parse().unwrap_or(1)
}

/// Fails if the ignored test `part` takes more than `bound` instructions for `amount` of work.
///
/// The bounds are those of this architecture without optimisation, a tenth above what was counted in the build of a
/// plain `cargo test`, which is incremental; without that it takes some less. A new compiler or a change that is worth it
/// moves them: write down what the failure says. Elsewhere, or without Valgrind, nothing is counted.
#[track_caller]
pub(crate) fn check(part: &str, amount: usize, bound: u64) {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) || !cfg!(debug_assertions) {
        eprintln!("not counted: the bounds are those of x86-64 Linux without optimisation");
        return;
    }
    if !kumiko_seeds_testing::is_in_path("valgrind") {
        eprintln!("not counted: valgrind is not installed");
        return;
    }
    let nothing = count(part, 0);
    let counted = count(part, amount).saturating_sub(nothing);
    println!("{part}: {counted} instructions for {amount}, at most {bound}");
    // A part that is not found does nothing, and a bound far above the count would notice nothing.
    assert!(
        (bound / 2..=bound).contains(&counted),
        "{part} takes {counted} instructions for {amount}; the bound is {bound}, and half of it is the least"
    );
}

fn count(part: &str, amount: usize) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("timeout")
        .args(["300", "valgrind", "--tool=callgrind"])
        .arg("--callgrind-out-file=/dev/null")
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            part,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(AMOUNT, amount.to_string())
        // As a build script has it.
        .env("OUT_DIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part} failed: {said}");
    let total = said.split("Collected :").nth(1).unwrap();
    total.split_whitespace().next().unwrap().parse().unwrap()
}
