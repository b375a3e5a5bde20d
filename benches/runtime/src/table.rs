//! Tables in Markdown.

use std::fmt;

/// Rows under headings. The first column is text, the others are figures.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned).to_vec()],
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(formatter, "| {cell:width$} |")?;
                } else {
                    write!(formatter, " {cell:>width$} |")?;
                }
            }
            writeln!(formatter)?;
            if index == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width + 1);
                    let rule = if column == 0 {
                        format!("|{dashes}-|")
                    } else {
                        format!("{dashes}:|")
                    };
                    write!(formatter, "{rule}")?;
                }
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}

/// A number with as many digits as mean something.
pub(crate) fn figure(number: f64) -> String {
    if !number.is_finite() {
        "–".to_owned()
    } else if number < 10.0 {
        format!("{number:.2}")
    } else if number < 100.0 {
        format!("{number:.1}")
    } else {
        grouped(number.round() as u64)
    }
}

/// How many times as much `number` is as `of`.
pub(crate) fn ratio(number: f64, of: f64) -> String {
    format!("{} ×", figure(number / of))
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1_000),
    }
}
