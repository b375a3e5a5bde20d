//! Tables in Markdown.

use std::time::Duration;

/// Appends a heading, a table and what has to be known to read it.
pub(crate) fn append(
    chapter: &mut String,
    heading: &str,
    columns: &[&str],
    rows: &[Vec<String>],
    note: &str,
) {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let mut alignment = vec!["---:".to_owned(); columns.len()];
    "---".clone_into(&mut alignment[0]);
    let mut lines = vec![line(&names), line(&alignment)];
    lines.extend(rows.iter().map(|row| line(row)));
    let table = lines.join("\n");
    chapter.extend(["## ", heading, "\n\n", &table, "\n\n", note, "\n\n"]);
}

/// A time with as many digits as a measurement on a busy machine is worth.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

/// How many times the base a time is.
pub(crate) fn ratio(time: Duration, base: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / base.as_secs_f64())
}
