//! Which seed is meant by what was typed. Pure.

use super::Failure;

/// The one of `ids` that `given` names: by its id, its file name or the path of its file.
///
/// # Errors
/// If it is none of them; the nearest one is suggested.
pub fn find_seed<'a>(given: &str, ids: &[&'a str]) -> Result<&'a str, Failure> {
    if let Some(id) = find(given, ids) {
        return Ok(id);
    }
    let failure = Failure::new(format!("there is no seed {}", stem(given)));
    Err(match nearest(given, ids) {
        Some(id) => failure.help(format!("did you mean {id}?")),
        None if ids.is_empty() => failure.help("there are no seeds at all"),
        None => failure.help("see the ids of all seeds with seed:status"),
    })
}

/// The id that is given as itself, as a file name or as a path.
pub(super) fn find<'a>(given: &str, ids: &[&'a str]) -> Option<&'a str> {
    // A database may know ids that are no file names, with a slash in them for example.
    [given, stem(given)]
        .into_iter()
        .find_map(|name| ids.iter().find(|id| **id == name).copied())
}

fn stem(given: &str) -> &str {
    // Paths of Windows are pasted elsewhere too: from a ticket, from a chat.
    let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The id that is probably meant: the one that has the text in it if only one has, else the most
/// similar one if it is similar at all.
pub(super) fn nearest<'a>(given: &str, ids: &[&'a str]) -> Option<&'a str> {
    let name = stem(given).to_lowercase().replace('_', "-");
    let containing: Vec<&str> = ids
        .iter()
        .filter(|id| id.contains(&name))
        .copied()
        .collect();
    if let ([only], false) = (containing.as_slice(), name.is_empty()) {
        return Some(only);
    }
    // All ids start with a date, which makes any two of them similar: the slug is what was misspelt.
    let slug = |id: &str| id.get("YYYY-MM-DD-".len()..).unwrap_or_default().to_owned();
    let similarity = |id: &str| {
        let whole = strsim::normalized_damerau_levenshtein(&name, id);
        let of_slug = strsim::normalized_damerau_levenshtein(&name, &slug(id));
        let of_slugs = strsim::normalized_damerau_levenshtein(&slug(&name), &slug(id));
        of_slug.max(if of_slugs > 0.5 { whole } else { 0.0 })
    };
    let best = ids.iter().map(|id| (similarity(id), *id));
    let best = best.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (best.0 > 0.6).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::{find, find_seed, nearest};

    const IDS: [&str; 3] = [
        "2026-01-10-first",
        "2026-02-20-second",
        "2026-02-20-fix-roles",
    ];

    #[test]
    fn a_seed_is_found_by_id_file_name_and_path() {
        for given in [
            "2026-01-10-first",
            "2026-01-10-first.rs",
            "seeds/2026-01-10-first.rs",
            "./a b/../seeds/2026-01-10-first.rs",
        ] {
            assert_eq!(find_seed(given, &IDS), Ok("2026-01-10-first"), "{given}");
        }
    }

    #[test]
    fn an_id_that_no_file_could_have_is_found_as_it_is() {
        assert_eq!(find_seed("a/b.rs", &["b", "a/b.rs"]), Ok("a/b.rs"));
    }

    #[test]
    fn the_nearest_one_is_suggested() {
        for (given, help) in [
            ("first", "did you mean 2026-01-10-first?"),
            ("frist", "did you mean 2026-01-10-first?"),
            ("fix_roles", "did you mean 2026-02-20-fix-roles?"),
            ("2026-01-11-first", "did you mean 2026-01-10-first?"),
            ("2026-02-20-secnod", "did you mean 2026-02-20-second?"),
            (
                "2026-01-10-entirely-else",
                "see the ids of all seeds with seed:status",
            ),
            ("2026-02-20", "see the ids of all seeds with seed:status"),
            ("", "see the ids of all seeds with seed:status"),
        ] {
            let found = find_seed(given, &IDS).map_err(|failure| failure.help);
            assert_eq!(found, Err(vec![help.to_owned()]), "{given}");
        }
    }

    const APP_IDS: [&str; 3] = [
        "2026-03-02-initial-tenants",
        "2026-05-20-grant-tenant-admin",
        "2026-05-21-rename-tenants",
    ];

    #[test]
    fn an_id_may_be_given_as_a_file() {
        for given in [
            "2026-05-21-rename-tenants",
            "2026-05-21-rename-tenants.rs",
            "seeds/2026-05-21-rename-tenants.rs",
            "./app/seeds/2026-05-21-rename-tenants.rs",
            r"app\seeds\2026-05-21-rename-tenants.rs",
        ] {
            assert_eq!(find(given, &APP_IDS), Some(APP_IDS[2]), "{given}");
        }
        assert_eq!(find("", &APP_IDS), None);
        assert_eq!(find("2026-05-21", &APP_IDS), None);
    }

    #[test]
    fn the_nearest_is_offered_if_it_is_near() {
        for (given, offered) in [
            ("2026-05-20-grant-tenant-admn", Some(APP_IDS[1])),
            ("seeds/2026-05-20-grant-tenants-admin.rs", Some(APP_IDS[1])),
            ("grant-tenant-admin", Some(APP_IDS[1])),
            ("rename-tenant", Some(APP_IDS[2])),
            ("2026-03-02", Some(APP_IDS[0])),
            ("something-else-altogether", None),
            ("", None),
            ("seeds/", None),
        ] {
            assert_eq!(nearest(given, &APP_IDS), offered, "{given}");
        }
    }
}
