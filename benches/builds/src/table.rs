//! Tables in Markdown.

use std::time::Duration;

/// Prints a heading, a table and what has to be known to read it.
pub(crate) fn print(heading: &str, columns: &[&str], rows: &[Vec<String>], note: &str) {
    println!("### {heading}\n");
    println!("| {} |", columns.join(" | "));
    let alignment = columns.iter().enumerate().map(|(index, _)| match index {
        0 => "---",
        _ => "---:",
    });
    println!("| {} |", alignment.collect::<Vec<_>>().join(" | "));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
    println!("\n{note}\n");
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
