//! Which seed is meant by what was typed. Pure.

use std::path::Path;

use super::Failure;

/// The one of `ids` that `given` names: by its id, its file name or the path of its file.
///
/// # Errors
/// If it is none of them; the nearest one is suggested.
pub fn find_seed<'a>(given: &str, ids: &[&'a str]) -> Result<&'a str, Failure> {
    let name = Path::new(given).file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or(given);
    let name = name.strip_suffix(".rs").unwrap_or(name);
    if let Some(id) = ids.iter().find(|id| **id == name) {
        return Ok(id);
    }
    let failure = Failure::new(format!("there is no seed {name}"));
    Err(match nearest(name, ids) {
        Some(id) => failure.help(format!("did you mean {id}?")),
        None if ids.is_empty() => failure.help("there are no seeds at all"),
        None => failure.help("see the ids of all seeds with seed:status"),
    })
}

/// The id that is probably meant: the one that has the text in it if only one has, else the most
/// similar one if it is similar at all.
fn nearest<'a>(name: &str, ids: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
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
    use super::find_seed;

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
}
