//! From what somebody typed to a slug. Pure.

use kumiko_seeds_build::validate_id;
use kumiko_seeds_cli::{Failure, shell_word};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters that a slug may have.
const LIMIT: usize = 60;

/// The slug of a text: the text itself if it is one, else the nearest that there is.
///
/// `again` is the command with another name, and a date to go before it.
pub(super) fn slug(
    text: &str,
    again: impl Fn(&str, Option<&str>) -> String,
) -> Result<String, Failure> {
    let refused = |fault: &str| Failure::new(format!("{text:?} is no name for a seed: {fault}"));
    if let Some(date) = leading_date(text) {
        let failure =
            refused("it starts with a date, and the date of today is put before it anyway");
        let slug = normalised(&text[date.len()..]);
        let slug = slug.as_deref().unwrap_or("fix-admin-roles");
        return Err(failure.help(format!(
            "leave the date out, or let it be that of the seed:\n    {}\n    {}",
            again(slug, None),
            again(slug, Some(date))
        )));
    }
    if validate_id(&format!("2026-01-01-{text}")).is_ok() {
        return Ok(text.to_owned());
    }
    normalised(text).ok_or_else(|| {
        refused("nothing of it can be written with a-z and 0-9").help(format!(
            "say how its file is to be named, for example\n    {}",
            again(&beside(text, "fix-admin-roles"), None)
        ))
    })
}

/// The arguments for a seed of this slug that has the text for a title.
pub(super) fn beside(text: &str, slug: &str) -> String {
    format!("{} --slug {slug}", shell_word(text))
}

/// The date that a text starts with, as an id or the name of a file does.
fn leading_date(text: &str) -> Option<&str> {
    let date = text.get(.."YYYY-MM-DD".len())?;
    validate_id(&format!("{date}-x")).is_ok().then_some(date)
}

/// The words of a text with dashes between them, if anything of it can be kept.
fn normalised(text: &str) -> Option<String> {
    let text = text.strip_suffix(".rs").unwrap_or(text);
    let text = folded(text);
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    // Some letters have no lower case until they are folded: those of mathematics.
    let slug = cut(&words.join("-").to_ascii_lowercase()).to_owned();
    (!slug.is_empty()).then_some(slug)
}

/// The text in lower case, with letters that have accents written without.
fn folded(text: &str) -> String {
    // One character for each letter with its accent, however it was typed.
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    let mut folded = String::new();
    for character in lower.nfc() {
        match character {
            'ä' | 'æ' => folded.push_str("ae"),
            'ö' | 'œ' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            // "don't" is one word.
            '\'' | '\u{2019}' => {}
            _ => folded.extend(
                std::iter::once(character)
                    .nfkd()
                    .filter(|part| !is_combining_mark(*part)),
            ),
        }
    }
    folded
}

/// As many whole words as a slug may have, or a part of the first one.
fn cut(slug: &str) -> &str {
    let Some((kept, rest)) = slug.split_at_checked(LIMIT) else {
        return slug;
    };
    if rest.is_empty() || rest.starts_with('-') {
        return kept;
    }
    kept.rfind('-').map_or(kept, |end| &kept[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(text: &str) -> String {
        let again = |slug: &str, date: Option<&str>| match date {
            Some(date) => format!("new {slug} --date {date}"),
            None => format!("new {slug}"),
        };
        slug(text, again).unwrap_or_else(|failure| failure.to_string())
    }

    proptest! {
        #[test]
        fn every_text_gives_an_id_or_a_reason(
            text in prop_oneof![
                any::<String>(),
                "[A-Za-z0-9 _.'/\\-äöüßæ\u{301}\u{202e}\u{1b}\n-]{0,90}",
                "[0-9]{4}-[0-9]{2}-[0-9]{2}[-a-zA-Z é]{0,9}",
            ]
        ) {
            match slug(&text, |slug, _| format!("new {slug}")) {
                Ok(slug) => {
                    prop_assert_eq!(validate_id(&format!("2026-05-20-{slug}")), Ok(()));
                    // What has become a slug stays one.
                    prop_assert_eq!(slug.clone(), answer(&slug));
                }
                Err(failure) => {
                    prop_assert!(!failure.help.is_empty());
                    let shown = failure.to_string();
                    prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
                    prop_assert!(!shown.contains('\u{202e}'), "{shown:?}");
                }
            }
        }
    }

    #[test]
    fn a_slug_stays_as_it_is() {
        for slug in [
            "fix-admin-roles",
            "2026-x",
            "fix--roles",
            "-",
            &"a".repeat(60),
        ] {
            assert_eq!(answer(slug), slug);
        }
    }

    #[test]
    fn a_text_becomes_the_slug_that_people_expect() {
        for (text, slug) in [
            ("Fix admin roles!", "fix-admin-roles"),
            ("  Fix_admin -- roles.rs", "fix-admin-roles"),
            ("fix.rs", "fix"),
            (
                "Größe der Übersicht ändern",
                "groesse-der-uebersicht-aendern",
            ),
            ("GRO\u{308}SSE", "groesse"),
            ("Éléments dépassés à Łódź", "elements-depasses-a-lodz"),
            ("don't; won\u{2019}t", "dont-wont"),
            ("Smørrebrød & Æbler", "smorrebrod-aebler"),
            ("ﬁx ① İstanbul", "fix-1-istanbul"),
            ("修正 roles", "roles"),
            ("𝔽ix 𝑹oles", "fix-roles"),
        ] {
            assert_eq!(answer(text), slug, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let word = "a".repeat(29);
        assert_eq!(
            answer(&format!("{word} {word} bc d")),
            format!("{word}-{word}")
        );
        assert_eq!(
            answer(&format!("{word} {word}b c")),
            format!("{word}-{word}b")
        );
        assert_eq!(answer(&"a".repeat(61)), "a".repeat(60));
    }

    #[test]
    fn what_leaves_nothing_or_two_dates_is_refused() {
        for text in ["", "!", "修正"] {
            assert_eq!(
                answer(text),
                format!(
                    "error: {text:?} is no name for a seed: nothing of it can be written with a-z and 0-9\n\
                     help: say how its file is to be named, for example\n    new '{text}' --slug fix-admin-roles\n"
                )
            );
        }
        assert_eq!(
            answer("2026-05-20-Fix_Roles.rs"),
            "error: \"2026-05-20-Fix_Roles.rs\" is no name for a seed: it starts with a date, and the date of \
             today is put before it anyway\n\
             help: leave the date out, or let it be that of the seed:\n    \
             new fix-roles\n    new fix-roles --date 2026-05-20\n"
        );
    }
}
