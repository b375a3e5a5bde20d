//! Tables for people. Pure.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::palette::painted;

/// What stands between two columns.
const GAP: &str = "  ";

/// As much of the last column as is left even on the narrowest terminal, where lines then wrap.
const LEAST_OF_LAST: usize = 12;

/// The columns of a table, each as wide as its widest cell is on a terminal.
pub(crate) struct Columns<const N: usize> {
    widths: [usize; N],
    /// How many columns of the terminal the last one may take; none where nothing is cut.
    room: Option<usize>,
}

impl<const N: usize> Columns<N> {
    /// Columns into which all of `rows` fit. Headings are a row, too.
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a [String; N]>) -> Self {
        let mut widths = [0; N];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        Self { widths, room: None }
    }

    /// Cuts the last column where a terminal of `width` is too narrow for all of it.
    pub(crate) fn within(self, width: Option<usize>) -> Self {
        let others: usize = self
            .widths
            .iter()
            .rev()
            .skip(1)
            .map(|width| width + GAP.len())
            .sum();
        let room = width.map(|width| width.saturating_sub(others).max(LEAST_OF_LAST));
        Self { room, ..self }
    }

    /// A row, each cell in its style. What is empty up to the end of the line is left out, so that no line ends in
    /// spaces.
    pub(crate) fn line(&self, row: &[String; N], styles: [Style; N]) -> String {
        let mut line = String::new();
        let mut missing = 0;
        for (column, cell) in row.iter().enumerate() {
            let is_last = column + 1 == N;
            if !cell.is_empty() {
                let cell = match self.room {
                    Some(room) if is_last => &cut(cell, room),
                    _ => cell,
                };
                line += &" ".repeat(missing);
                line += &painted(cell, styles[column]);
                missing = 0;
            }
            missing += self.widths[column].saturating_sub(cell.width()) + GAP.len();
        }
        line + "\n"
    }
}

/// The text, or as much of it as fits into `room` columns with an ellipsis.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|character| {
            used += character.width().unwrap_or_default();
            used <= room
        })
        .collect();
    kept.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[[&str; 3]], width: Option<usize>) -> String {
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        let columns = Columns::of(&rows).within(width);
        let lines = rows.iter().map(|row| columns.line(row, [Style::new(); 3]));
        lines.collect()
    }

    #[test]
    fn columns_are_as_wide_as_they_look() {
        assert_eq!(
            lines(
                &[
                    ["管理", "é", "last"],
                    ["x", "", "y"],
                    ["", "z", ""],
                    ["", "", ""]
                ],
                None
            ),
            "管理  é  last\nx        y\n      z\n\n"
        );
    }

    #[test]
    fn only_the_last_column_is_cut() {
        let row = ["first", "second", "the third, which is long"];
        assert_eq!(lines(&[row], Some(28)), "first  second  the third, w…\n");
        assert_eq!(lines(&[row], Some(1)), "first  second  the third,…\n");
    }
}
