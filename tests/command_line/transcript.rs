//! What a run showed, without what differs from run to run.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use chrono::Utc;

/// Exit code, stdout and stderr as one text. Paths, times and today are replaced, and Cargo's own
/// progress is left out.
pub(crate) fn transcript(output: &Output, paths: &[(&Path, &str)]) -> String {
    let mut text = match output.status.code() {
        Some(code) => format!("exit {code}\n"),
        None => format!("{}\n", output.status),
    };
    for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let stream = String::from_utf8(stream.clone()).unwrap();
        let lines: Vec<String> = stream
            .lines()
            .filter(|line| !is_progress_of_cargo(line))
            .map(without_times)
            .collect();
        if !lines.is_empty() {
            writeln!(text, "-- {name}\n{}", lines.join("\n")).unwrap();
        }
    }
    let today = Utc::now().date_naive().to_string();
    paths
        .iter()
        .fold(text.replace(&today, "[today]"), |text, (path, name)| {
            text.replace(&path.display().to_string(), name)
        })
}

/// Compares what a run showed with what it should.
#[track_caller]
pub(crate) fn assert_shows(shown: &str, expected: &str) {
    assert!(
        shown.trim_end() == expected.trim_end(),
        "expected:\n{expected}\n\nbut it showed:\n{shown}"
    );
}

/// `   Compiling app v0.1.0`: one word that ends in the twelfth column.
fn is_progress_of_cargo(line: &str) -> bool {
    let word = line.get(..12).unwrap_or_default().trim_start();
    line.starts_with(' ')
        && line.as_bytes().get(12) == Some(&b' ')
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `in 5ms`, `"duration_ms": 5` and `"at":"2026-05-21T09:30:00Z"` with `[time]` in place of the time.
fn without_times(line: &str) -> String {
    if let Some((start, moment)) = line.split_once("\"at\":\"")
        && let Some((_, rest)) = moment.split_once('"')
    {
        return format!("{start}\"at\":\"[time]\"{rest}");
    }
    if let Some((start, number)) = line.split_once("\"duration_ms\": ")
        && number.starts_with(|c: char| c.is_ascii_digit())
    {
        let rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{start}\"duration_ms\": [time]{rest}");
    }
    match line.rsplit_once(" in ") {
        Some((start, time)) if time.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{start} in [time]")
        }
        _ => line.to_owned(),
    }
}
