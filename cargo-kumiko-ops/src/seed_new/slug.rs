//! From a slug to an id, or to the slug that was probably meant. Pure.

use chrono::NaiveDate;
use kumiko_seeds::cli::Failure;
use kumiko_seeds_build::validate_id;

/// The id of a seed with this slug. `again` is the command with another slug.
pub(super) fn id(
    slug: &str,
    today: NaiveDate,
    again: impl Fn(&str) -> String,
) -> Result<String, Failure> {
    let id = format!("{today}-{slug}");
    let fault = if has_date(slug) {
        "it starts with a date, and the date of today is put before it anyway".to_owned()
    } else {
        match validate_id(&id) {
            Ok(()) => return Ok(id),
            Err(rule) => rule.to_string(),
        }
    };
    let failure = Failure::new(format!("{slug:?} is no slug: {fault}"));
    Err(match normalised(slug) {
        Some(slug) => failure.help(format!("try\n    {}", again(&slug))),
        None => failure.help(format!("for example\n    {}", again("fix-admin-roles"))),
    })
}

/// Whether the slug is an id, or the name of a file.
fn has_date(slug: &str) -> bool {
    let date = slug.get(.."YYYY-MM-DD".len()).unwrap_or_default();
    validate_id(&format!("{date}-x")).is_ok()
}

/// The nearest valid slug, if anything of the text can be kept.
fn normalised(text: &str) -> Option<String> {
    let text = text.strip_suffix(".rs").unwrap_or(text);
    let text = if has_date(text) {
        &text["YYYY-MM-DD".len()..]
    } else {
        text
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut slug = words.join("-");
    slug.truncate(60);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(slug: &str) -> String {
        let today = NaiveDate::from_ymd_opt(2026, 5, 20).unwrap_or_default();
        match id(slug, today, |slug| format!("new {slug}")) {
            Ok(id) => id,
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn a_slug_gets_the_date_of_today() {
        assert_eq!(answer("fix-admin-roles"), "2026-05-20-fix-admin-roles");
        assert_eq!(answer("2026-x"), "2026-05-20-2026-x");
    }

    #[test]
    fn the_nearest_valid_slug_is_suggested() {
        for (slug, suggestion) in [
            ("Fix admin roles!", "fix-admin-roles"),
            ("2026-05-20-fix-roles", "fix-roles"),
            ("2026-05-20-Fix_Roles.rs", "fix-roles"),
            ("fix.rs", "fix"),
            (&"a-".repeat(40), &format!("{}a", "a-".repeat(29))),
        ] {
            let help = format!("help: try\n    new {suggestion}\n");
            assert!(answer(slug).ends_with(&help), "{}", answer(slug));
        }
        for slug in ["", "äöü", "2026-05-20"] {
            let help = "help: for example\n    new fix-admin-roles\n";
            assert!(answer(slug).ends_with(help), "{}", answer(slug));
        }
    }

    #[test]
    fn the_rule_is_named() {
        assert_eq!(
            answer("Fix"),
            "error: \"Fix\" is no slug: the slug contains 'F', and only a-z, 0-9 and - are allowed\n\
             help: try\n    new fix\n"
        );
        assert_eq!(
            answer("2026-05-20-fix"),
            "error: \"2026-05-20-fix\" is no slug: it starts with a date, and the date of today is put \
             before it anyway\nhelp: try\n    new fix\n"
        );
    }
}
