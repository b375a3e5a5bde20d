use chrono::NaiveDate;

/// The most characters a slug may have.
const SLUG_LIMIT: usize = 60;

/// Checks that a text is a seed id: `<YYYY-MM-DD>-<slug>`, with a date of the calendar and a slug of 1 to 60
/// characters out of `a-z`, `0-9` and `-`. A seed's id is its file name without `.rs`.
///
/// The error is the first rule that does not hold.
pub fn validate_id(id: &str) -> Result<(), IdError> {
    let (date, rest) = split_date(id).ok_or(IdError::NoDate)?;
    if !is_in_calendar(date) {
        return Err(IdError::NoSuchDate(date.to_owned()));
    }
    let slug = match rest.strip_prefix('-') {
        None | Some("") => return Err(IdError::NoSlug),
        Some(slug) => slug,
    };
    if let Some(character) = slug
        .chars()
        .find(|character| !matches!(character, 'a'..='z' | '0'..='9' | '-'))
    {
        return Err(IdError::SlugCharacter(character));
    }
    if slug.len() > SLUG_LIMIT {
        return Err(IdError::SlugTooLong(slug.len()));
    }
    Ok(())
}

/// The rule of [`validate_id`] that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text does not start with `YYYY-MM-DD`.
    #[error("the name does not start with a date written YYYY-MM-DD")]
    NoDate,
    /// The date has the right form but is not in the calendar; it is given.
    #[error("there is no date {0}")]
    NoSuchDate(String),
    /// Nothing follows the date.
    #[error("the name has no slug after the date")]
    NoSlug,
    /// The slug contains a character other than `a-z`, `0-9` and `-`; the first such is given.
    #[error("the slug contains {0:?}, and only a-z, 0-9 and - are allowed")]
    SlugCharacter(char),
    /// The slug has more than 60 characters; how many is given.
    #[error("the slug has {0} characters, and at most {SLUG_LIMIT} are allowed")]
    SlugTooLong(usize),
}

/// The name of the environment variable that skips a skippable seed: `KUMIKO_SKIP_ES_OPS_` and the id in upper
/// case, with every run of characters other than `A-Z` and `0-9` written as one `_`.
///
/// It takes any text, because a database may know ids that are no valid ids here.
#[must_use]
pub fn skip_flag(id: &str) -> String {
    format!("KUMIKO_SKIP_ES_OPS_{}", environment_form(id))
}

/// The Rust module of a seed.
///
/// **Invariant:** two valid ids have the same module name exactly if they have the same skip flag. Both come
/// from one form of the id, so one check for doubles covers both.
pub(crate) fn module_name(id: &str) -> String {
    format!("seed_{}", environment_form(id).to_ascii_lowercase())
}

fn environment_form(id: &str) -> String {
    let mut form = String::new();
    for character in id.to_uppercase().chars() {
        if character.is_ascii_uppercase() || character.is_ascii_digit() {
            form.push(character);
        } else if !form.ends_with('_') {
            form.push('_');
        }
    }
    form
}

/// Splits a text that starts with `dddd-dd-dd`, and then ends or goes on with something that is not part of
/// the number, into that and the rest.
fn split_date(text: &str) -> Option<(&str, &str)> {
    let (date, rest) = text.split_at_checked("YYYY-MM-DD".len())?;
    let has_form = date.bytes().enumerate().all(|(position, byte)| {
        if matches!(position, 4 | 7) {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    let ends_here = rest.is_empty() || rest.starts_with('-');
    (has_form && ends_here).then_some((date, rest))
}

/// Whether a text of the form `YYYY-MM-DD` names a day of the calendar.
pub(crate) fn is_in_calendar(date: &str) -> bool {
    let mut numbers = date.split('-').map(str::parse::<u32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) =
        (numbers.next(), numbers.next(), numbers.next())
    else {
        return false;
    };
    i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_dates_of_the_calendar_with_a_slug() {
        for id in [
            "2026-05-20-fix-admin-roles",
            "2024-02-29-x",
            "2026-05-20-1",
            "2026-05-20--",
            &format!("2026-05-20-{}", "a".repeat(60)),
        ] {
            assert_eq!(validate_id(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn names_the_rule_that_does_not_hold() {
        for (id, rule) in [
            ("", IdError::NoDate),
            ("fix-admin", IdError::NoDate),
            ("2026-5-20-x", IdError::NoDate),
            ("02026-05-20-x", IdError::NoDate),
            ("2026-05-201-x", IdError::NoDate),
            ("2026-05-20_x", IdError::NoDate),
            ("２026-05-20-x", IdError::NoDate),
            ("2026-02-30-x", IdError::NoSuchDate("2026-02-30".into())),
            ("2025-02-29-x", IdError::NoSuchDate("2025-02-29".into())),
            ("2026-13-01-x", IdError::NoSuchDate("2026-13-01".into())),
            ("2026-00-00-x", IdError::NoSuchDate("2026-00-00".into())),
            ("2026-05-20", IdError::NoSlug),
            ("2026-05-20-", IdError::NoSlug),
            ("2026-05-20-Fix", IdError::SlugCharacter('F')),
            ("2026-05-20-a_b", IdError::SlugCharacter('_')),
            ("2026-05-20-ä", IdError::SlugCharacter('ä')),
            ("2026-05-20-a b", IdError::SlugCharacter(' ')),
            (
                &format!("2026-05-20-{}", "a".repeat(61)),
                IdError::SlugTooLong(61),
            ),
        ] {
            assert_eq!(validate_id(id), Err(rule), "{id}");
        }
    }

    #[test]
    fn skip_flag_is_the_id_as_an_environment_name() {
        assert_eq!(
            skip_flag("2026-05-20-fix-admin-roles"),
            "KUMIKO_SKIP_ES_OPS_2026_05_20_FIX_ADMIN_ROLES"
        );
        assert_eq!(skip_flag("a--b.c é-"), "KUMIKO_SKIP_ES_OPS_A_B_C_");
    }

    #[test]
    fn module_names_are_equal_exactly_if_skip_flags_are() {
        let ids = [
            "2026-05-20-a-b",
            "2026-05-20-a--b",
            "2026-05-20-a-b-",
            "2026-05-20-ab",
        ];
        for one in ids {
            for other in ids {
                assert_eq!(
                    module_name(one) == module_name(other),
                    skip_flag(one) == skip_flag(other)
                );
            }
        }
        assert_eq!(module_name("2026-05-20-a-b"), "seed_2026_05_20_a_b");
    }
}
