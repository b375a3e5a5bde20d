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

/// The id that was probably meant: of all, one whose slug is the same or nearly so, whatever the date.
pub(crate) fn nearest_id<'ids>(given: &str, ids: &'ids [String]) -> Option<&'ids str> {
    let given = given.strip_suffix(".rs").unwrap_or(given);
    // All ids start with a date, which makes any two of them similar: the slug is what was misspelt.
    let slug = slug(given);
    let distances = ids.iter().map(|id| {
        let of_slugs = distance(slug, self::slug(id));
        (of_slugs, distance(given, id), id)
    });
    let (of_slugs, _, id) = distances.min()?;
    (of_slugs <= slug.chars().count() / 3).then_some(id)
}

/// The name that was probably meant.
pub(crate) fn nearest_name<'names>(given: &str, names: &'names [String]) -> Option<&'names str> {
    let distances = names.iter().map(|name| (distance(given, name), name));
    let (distance, name) = distances.min()?;
    (distance <= given.chars().count() / 3).then_some(name)
}

/// What follows the date, or all of a text without one.
fn slug(id: &str) -> &str {
    id.split_at_checked("YYYY-MM-DD-".len())
        .filter(|(date, _)| date.starts_with(|first: char| first.is_ascii_digit()))
        .map_or(id, |(_, slug)| slug)
}

/// How many characters have to be put in, taken out or changed to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, character) in one.chars().enumerate() {
        let mut before = line;
        row[0] = line + 1;
        for (column, opposite) in other.iter().enumerate() {
            let changed = before + usize::from(character != *opposite);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
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
    fn the_nearest_id_has_nearly_the_same_slug() {
        let ids = [
            "2026-05-20-fix-admin-roles",
            "2026-05-21-fix-admin-roles",
            "2026-05-22-tiers",
            "2026-05-23-a",
        ]
        .map(str::to_owned);
        for (given, nearest) in [
            ("2026-05-20-fix-admin-role", Some(ids[0].as_str())),
            ("2026-05-21-fix-admn-roles", Some(&ids[1])),
            ("2026-06-21-fix-admin-roles", Some(&ids[1])),
            ("fix-admin-roles", Some(&ids[0])),
            ("2026-05-22-tiers.rs", Some(&ids[2])),
            ("2026-05-22-tires", None),
            ("2026-05-22-tier", Some(&ids[2])),
            ("2026-05-23-b", None),
            ("2026-05-20-", None),
            ("", None),
            ("äöüäöüäöüäöü", None),
        ] {
            assert_eq!(nearest_id(given, &ids), nearest, "{given}");
        }
        assert_eq!(nearest_id("2026-05-20-a", &[]), None);
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
