use crate::id::is_in_calendar;

/// A file name close to the given stem that would be valid, or `YYYY-MM-DD` and a valid slug where the stem
/// has no date that could be used.
///
/// It never puts in today's date: the same files give the same messages on every day.
pub(crate) fn suggested_file_name(stem: &str) -> String {
    let words = lower_case_words(stem);
    let (date, slug) = match leading_date(&words) {
        Some((date, rest)) => (date, rest),
        None => ("YYYY-MM-DD".to_owned(), words.as_slice()),
    };
    let mut slug = slug.join("-");
    slug.truncate(60);
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() {
        "what-it-changes"
    } else {
        slug
    };
    format!("{date}-{slug}.rs")
}

/// The runs of ASCII letters and digits, in lower case.
fn lower_case_words(stem: &str) -> Vec<String> {
    stem.split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Reads `2026 2 3` or `20260203` at the start, and drops numbers that look like a date but are not in the
/// calendar.
fn leading_date(words: &[String]) -> Option<(String, &[String])> {
    let is_number = |word: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (date, rest) = match words {
        [year, month, day, rest @ ..]
            if is_number(year, 4..=4) && is_number(month, 1..=2) && is_number(day, 1..=2) =>
        {
            (format!("{year}-{month:0>2}-{day:0>2}"), rest)
        }
        [date, rest @ ..] if is_number(date, 8..=8) => (
            format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]),
            rest,
        ),
        _ => return None,
    };
    if is_in_calendar(&date) {
        Some((date, rest))
    } else {
        Some(("YYYY-MM-DD".to_owned(), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::validate_id;

    #[test]
    fn suggests_the_nearest_valid_name() {
        for (stem, suggestion) in [
            ("Fix_Admin", "YYYY-MM-DD-fix-admin.rs"),
            ("2026-2-3-x", "2026-02-03-x.rs"),
            ("2026-05-20-Fix_Roles", "2026-05-20-fix-roles.rs"),
            ("20260520_fix", "2026-05-20-fix.rs"),
            ("2026_05_20_fix", "2026-05-20-fix.rs"),
            ("2026-05-20", "2026-05-20-what-it-changes.rs"),
            ("2026-05-20-", "2026-05-20-what-it-changes.rs"),
            ("2026-02-30-x", "YYYY-MM-DD-x.rs"),
            ("99999999", "YYYY-MM-DD-what-it-changes.rs"),
            ("mod", "YYYY-MM-DD-mod.rs"),
            ("ä", "YYYY-MM-DD-what-it-changes.rs"),
            ("2026-05-20-zürich", "2026-05-20-z-rich.rs"),
        ] {
            assert_eq!(suggested_file_name(stem), suggestion, "{stem}");
            let dated = suggestion.replace("YYYY-MM-DD", "2026-05-20");
            assert_eq!(validate_id(dated.trim_end_matches(".rs")), Ok(()));
        }
    }

    #[test]
    fn cuts_a_slug_that_is_too_long() {
        let stem = format!("2026-05-20-{}-{}", "a".repeat(59), "b".repeat(9));
        assert_eq!(
            suggested_file_name(&stem),
            format!("2026-05-20-{}.rs", "a".repeat(59))
        );
    }
}
