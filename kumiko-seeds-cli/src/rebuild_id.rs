//! The ids of rebuilds, which are steered as seeds are and are none. Pure.

/// Whether this is the id of a rebuild, or was meant to be one.
pub(crate) fn is_rebuild(id: &str) -> bool {
    let types = ["projection-rebuild/", "aggregate-rebuild/"];
    types.iter().any(|of_type| id.starts_with(of_type))
}

/// The arguments with which `projection:rebuild` goes on with a rebuild that somebody has asked for. None of others, which a worker
/// takes up by itself.
pub(crate) fn asked_for(id: &str) -> Option<Vec<String>> {
    let words: &[&str] = match id.split('/').collect::<Vec<_>>()[..] {
        ["projection-rebuild", name, _, _] => &[name],
        ["aggregate-rebuild", name, part, _] => match part.split_once('-')? {
            ("tenant", tenant) => &[name, "--tenant", tenant],
            (_, aggregate) => &[name, "--aggregate", aggregate],
        },
        _ => return None,
    };
    Some(words.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_asked_for_is_told_from_what_workers_take_up() {
        for (id, is_one, words) in [
            ("2026-01-01-a", false, None),
            ("projection-rebuild/members", true, None),
            ("projection-rebuild/members/2", true, None),
            ("projection-rebuild/members/2/1", true, Some("members")),
            (
                "aggregate-rebuild/members/tenant-0198-a1/3",
                true,
                Some("members --tenant 0198-a1"),
            ),
            (
                "aggregate-rebuild/members/aggregate-0198-a1/3",
                true,
                Some("members --aggregate 0198-a1"),
            ),
        ] {
            assert_eq!(is_rebuild(id), is_one, "{id}");
            let found = asked_for(id).map(|words| words.join(" "));
            assert_eq!(found.as_deref(), words, "{id}");
        }
    }
}
