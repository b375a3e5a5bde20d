//! Which seeds the arguments mean. Pure.

use super::{ApplyArguments, Failure, Invocation};
use crate::Selection;

/// The arguments with the id of a seed where its file was given.
pub(super) fn with_ids(
    arguments: &ApplyArguments,
    ids: &[&str],
    invocation: &Invocation,
) -> Result<ApplyArguments, Failure> {
    let id = |given: &String| {
        find(given, ids).ok_or_else(|| {
            let failure = Failure::new(format!("there is no seed {given} in this binary"));
            match nearest(given, ids) {
                Some(id) => failure.help(format!(
                    "did you mean {id}?\n    {}",
                    invocation.line("seed:apply", &with_seed(arguments, id))
                )),
                None => failure.help(newest(ids)),
            }
        })
    };
    Ok(ApplyArguments {
        to: arguments.to.as_ref().map(id).transpose()?,
        only: arguments.only.as_ref().map(id).transpose()?,
        ..arguments.clone()
    })
}

/// The seeds that `--to` or `--only` names, or all.
pub(super) fn selection(arguments: &ApplyArguments) -> Selection {
    match (arguments.to.clone(), arguments.only.clone()) {
        (Some(id), _) => Selection::UpTo(id),
        (None, Some(id)) if arguments.out_of_order => Selection::OnlyOutOfOrder(id),
        (None, Some(id)) => Selection::Only(id),
        (None, None) => Selection::All,
    }
}

/// The arguments with `id` in place of the seed that they name.
fn with_seed(arguments: &ApplyArguments, id: &str) -> Vec<String> {
    let id = || id.to_owned();
    let arguments = ApplyArguments {
        to: arguments.to.as_ref().map(|_| id()),
        only: arguments.only.as_ref().map(|_| id()),
        ..arguments.clone()
    };
    arguments.words()
}

/// The id that is given as itself, as a file name or as a path.
fn find(given: &str, ids: &[&str]) -> Option<String> {
    let id = stem(given);
    ids.contains(&id).then(|| id.to_owned())
}

fn stem(given: &str) -> &str {
    // Paths of Windows are pasted elsewhere too: from a ticket, from a chat.
    let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The id that is most like what was given, if it is like it enough to be meant. People know the slug
/// better than the date, and a date alone may be enough.
fn nearest<'a>(given: &str, ids: &[&'a str]) -> Option<&'a str> {
    const ENOUGH: f64 = 0.7;
    const LENGTH_OF_DATE: usize = "2026-05-20-".len();
    let given = stem(given);
    let likeness = |id: &str| {
        let slug = id.get(LENGTH_OF_DATE..).unwrap_or_default();
        strsim::normalized_damerau_levenshtein(given, id)
            .max(strsim::normalized_damerau_levenshtein(given, slug))
    };
    let mut starting = ids.iter().filter(|id| id.starts_with(given));
    if let (false, Some(only), None) = (given.is_empty(), starting.next(), starting.next()) {
        return Some(only);
    }
    ids.iter()
        .map(|id| (likeness(id), *id))
        .filter(|(likeness, _)| *likeness >= ENOUGH)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, id)| id)
}

/// What there is to choose from: a few of what may be hundreds.
fn newest(ids: &[&str]) -> String {
    const FEW: usize = 5;
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let few: Vec<&str> = ids.iter().rev().take(FEW).copied().collect();
    match few.len() {
        0 => "this binary has no seeds".to_owned(),
        shown if shown == ids.len() => format!("its seeds are {}", few.join(", ")),
        _ => format!("its newest seeds are {}", few.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{find, nearest, newest};

    const IDS: [&str; 3] = [
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
            assert_eq!(find(given, &IDS).as_deref(), Some(IDS[2]), "{given}");
        }
        assert_eq!(find("", &IDS), None);
        assert_eq!(find("2026-05-21", &IDS), None);
    }

    #[test]
    fn the_nearest_is_offered_if_it_is_near() {
        for (given, offered) in [
            ("2026-05-20-grant-tenant-admn", Some(IDS[1])),
            ("seeds/2026-05-20-grant-tenants-admin.rs", Some(IDS[1])),
            ("grant-tenant-admin", Some(IDS[1])),
            ("rename-tenant", Some(IDS[2])),
            ("2026-03-02", Some(IDS[0])),
            ("something-else-altogether", None),
            ("", None),
            ("seeds/", None),
        ] {
            assert_eq!(nearest(given, &IDS), offered, "{given}");
        }
    }

    #[test]
    fn few_seeds_are_all_named() {
        assert_eq!(
            newest(&["2026-01-01-a", "2026-01-02-b"]),
            "its seeds are 2026-01-02-b, 2026-01-01-a"
        );
        let many = ["1", "2", "3", "4", "5", "6"];
        assert_eq!(newest(&many), "its newest seeds are 6, 5, 4, 3, 2");
        assert_eq!(newest(&[]), "this binary has no seeds");
    }
}
