//! Two lists of lines, shown so that a person sees where they differ. Pure.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// How many lines of a table are shown.
const LIMIT: usize = 20;

/// Both lists as one: `-` before a line that only the first has, `+` before one that only the second has.
pub(crate) fn whole(first: &[String], second: &[String]) -> String {
    let lines = marked(first, second);
    if lines.is_empty() {
        return "\n  (none)".to_owned();
    }
    shown(lines.iter(), "  ")
}

/// What only one of the lists has, or how much that is beyond the first lines.
pub(crate) fn changes(first: &[String], second: &[String]) -> String {
    let mut lines = marked(first, second);
    lines.retain(|(mark, _)| *mark != ' ');
    let text = shown(lines.iter().take(LIMIT), "    ");
    match lines.len().saturating_sub(LIMIT) {
        0 => text,
        more => format!("{text}\n    and {more} more"),
    }
}

fn shown<'a>(lines: impl Iterator<Item = &'a (char, &'a str)>, indentation: &str) -> String {
    lines.fold(String::new(), |mut text, (mark, line)| {
        text.extend(["\n", indentation]);
        text.push(*mark);
        text.extend([" ", line]);
        text
    })
}

fn marked<'a>(first: &'a [String], second: &'a [String]) -> Vec<(char, &'a str)> {
    let operations = capture_diff_slices(Algorithm::Myers, first, second);
    let mut marked = Vec::new();
    for operation in &operations {
        let (tag, of_first, of_second) = operation.as_tag_tuple();
        if tag == DiffTag::Equal {
            marked.extend(first[of_first].iter().map(|line| (' ', &**line)));
        } else {
            marked.extend(first[of_first].iter().map(|line| ('-', &**line)));
            marked.extend(second[of_second].iter().map(|line| ('+', &**line)));
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_sides_are_shown() {
        let shown = whole(&lines("a b c"), &lines("a x c d"));
        assert_eq!(shown, "\n    a\n  - b\n  + x\n    c\n  + d");
        assert_eq!(whole(&[], &[]), "\n  (none)");
    }

    #[test]
    fn of_a_table_only_what_has_changed_is_shown_and_not_all_of_that() {
        let shown = changes(&lines("a b c"), &lines("a c d"));
        assert_eq!(shown, "\n    - b\n    + d");
        let many: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        let shown = changes(&[], &many);
        assert!(shown.ends_with("\n    + 19\n    and 5 more"), "{shown}");
        let shown = changes(&[], &many[..20]);
        assert!(shown.ends_with("\n    + 19"), "{shown}");
    }
}
