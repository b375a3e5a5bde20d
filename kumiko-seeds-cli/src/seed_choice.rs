//! Which seed is meant by what was typed. Pure.

use crate::failure::Failure;
use crate::operation_id::{is_operation, is_rebuild, kind};

/// The one of `seeds` that `given` names: by its id, by its name without the date, or by a file of either.
///
/// # Errors
/// If it is none of them, and the nearest one is suggested; or if several have the name, and all are listed.
pub(crate) fn find_seed<'a, T>(
    given: &str,
    seeds: &'a [T],
    id: fn(&T) -> &str,
) -> Result<&'a T, Failure> {
    let ids: Vec<&str> = seeds.iter().map(id).collect();
    let found = match find(given, &ids) {
        Named::One(found) => seeds.iter().find(|seed| id(seed) == found),
        Named::Several(ids) => return Err(several(given, &ids)),
        Named::None => None,
    };
    found.ok_or_else(|| none(given, &ids))
}

/// The seeds that a text names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    One(&'a str),
    /// Seeds of different dates, in byte order.
    Several(Vec<&'a str>),
    None,
}

/// The seed that is given as itself, as a file name, as a path, or as any of these without the date.
pub(crate) fn find<'a>(given: &str, ids: &[&'a str]) -> Named<'a> {
    // A database may know ids that are no file names, with a slash in them for example.
    let whole = [given, stem(given)]
        .into_iter()
        .find_map(|name| ids.iter().find(|id| **id == name));
    if let Some(id) = whole {
        return Named::One(id);
    }
    let name = stem(given);
    let mut named: Vec<&str> = ids
        .iter()
        .filter(|id| !name.is_empty() && slug(id) == name)
        .copied()
        .collect();
    named.sort_unstable();
    match named.as_slice() {
        [] => Named::None,
        [id] => Named::One(id),
        _ => Named::Several(named),
    }
}

/// The failure of a name that several seeds have.
pub(crate) fn several(given: &str, ids: &[&str]) -> Failure {
    Failure::new(format!("several seeds are named {}", stem(given))).help(format!(
        "name one of them with its date: {}",
        ids.join(", ")
    ))
}

fn none(given: &str, ids: &[&str]) -> Failure {
    let failure = Failure::new(format!("there is no {} {}", kind(given), stem(given)));
    match nearest(given, ids) {
        Some(id) => failure.help(format!("did you mean {id}?")),
        None if is_rebuild(given) => {
            failure.help("see what is known of rebuilds with projection:status")
        }
        None if is_operation(given) => failure.help("see what is under way with seed:status"),
        None if ids.is_empty() => failure.help("there are no seeds at all"),
        None => failure.help("see the ids of all seeds with seed:status"),
    }
}

fn stem(given: &str) -> &str {
    // What looks like folders is no path, and its end may be the name of a seed.
    if is_operation(given) {
        return given;
    }
    // Paths of Windows are pasted elsewhere too: from a ticket, from a chat.
    let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The id without its date; nothing if it has none.
fn slug(id: &str) -> &str {
    let date = id.get(.."YYYY-MM-DD-".len()).unwrap_or_default();
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 | 10 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if is_date { &id[date.len()..] } else { "" }
}

/// The name that is probably meant: the one that has the text in it if only one has, else the most
/// similar one if it is similar at all.
#[must_use]
pub fn nearest<'a>(given: &str, ids: &[&'a str]) -> Option<&'a str> {
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
    let similarity = |id: &str| {
        let whole = strsim::normalized_damerau_levenshtein(&name, id);
        let of_slug = strsim::normalized_damerau_levenshtein(&name, slug(id));
        let of_slugs = strsim::normalized_damerau_levenshtein(slug(&name), slug(id));
        of_slug.max(if of_slugs > 0.5 { whole } else { 0.0 })
    };
    let best = ids.iter().map(|id| (similarity(id), *id));
    let best = best.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (best.0 > 0.6).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::{Failure, Named, find, find_seed, nearest};

    fn found<'a>(given: &str, ids: &[&'a str]) -> Result<&'a str, Failure> {
        find_seed(given, ids, |id| id).copied()
    }

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
            r"app\seeds\2026-01-10-first.rs",
            "first",
            "first.rs",
            "seeds/first.rs",
        ] {
            assert_eq!(found(given, &IDS), Ok("2026-01-10-first"), "{given}");
        }
    }

    #[test]
    fn an_id_that_no_file_could_have_is_found_as_it_is() {
        assert_eq!(found("a/b.rs", &["b", "a/b.rs"]), Ok("a/b.rs"));
    }

    /// Its end may be what a seed is named, and to cancel that one would be a harm.
    #[test]
    fn the_id_of_a_rebuild_is_no_path_of_a_seed() {
        let ids = ["2026-01-10-members", "projection-rebuild/members/2"];
        let said = |given| found(given, &ids).map_err(|failure| failure.to_string());
        assert_eq!(said(ids[1]), Ok(ids[1]));
        let near = "help: did you mean projection-rebuild/members/2?\n";
        for given in ["projection-rebuild/members", "projection-rebuild/membrs/2"] {
            let error = format!("error: there is no rebuild {given}\n{near}");
            assert_eq!(said(given), Err(error));
        }
        assert_eq!(
            found("projection-rebuild/members/2", &ids[..1]).map_err(|failure| failure.to_string()),
            Err("error: there is no rebuild projection-rebuild/members/2\n\
                 help: see what is known of rebuilds with projection:status\n"
                .to_owned())
        );
    }

    #[test]
    fn the_nearest_one_is_suggested() {
        for (given, help) in [
            ("firs", "did you mean 2026-01-10-first?"),
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
            let found = found(given, &IDS).map_err(|failure| failure.help);
            assert_eq!(found, Err(vec![help.to_owned()]), "{given}");
        }
    }

    #[test]
    fn a_name_that_several_seeds_have_is_refused() {
        let ids = [
            "2026-05-01-fix",
            "2026-01-01-fix",
            "fix",
            "2026-01-01-first",
        ];
        let failure = found("fix.rs", &ids[..2]).map_err(|failure| failure.to_string());
        assert_eq!(
            failure,
            Err("error: several seeds are named fix\n\
                 help: name one of them with its date: 2026-01-01-fix, 2026-05-01-fix\n"
                .to_owned())
        );
        // An id comes first.
        assert_eq!(found("fix", &ids), Ok("fix"));
    }

    const APP_IDS: [&str; 3] = [
        "2026-03-02-initial-tenants",
        "2026-05-20-grant-tenant-admin",
        "2026-05-21-rename-tenants",
    ];

    #[test]
    fn a_part_of_an_id_names_no_seed() {
        for given in ["", "2026-05-21", "2026-05-21-", "tenants"] {
            assert_eq!(find(given, &APP_IDS), Named::None, "{given}");
        }
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
