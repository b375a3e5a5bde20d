//! Which seeds the boot leaves out. Pure.

use std::collections::BTreeSet;

/// What says whether a seed is done in its place or by a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'a, 's> {
    pub(crate) id: &'s str,
    pub(crate) background: bool,
    pub(crate) after: &'a [&'s str],
}

/// Those of `seeds`, in byte order of their ids, that say `BACKGROUND`, and those that wait for one of them, directly or not.
/// A seed that is not `open` keeps nobody waiting.
pub(crate) fn of_background<'a, 's: 'a>(
    seeds: impl IntoIterator<Item = Waiting<'a, 's>>,
    is_open: impl Fn(&str) -> bool,
) -> BTreeSet<&'s str> {
    let mut found = BTreeSet::new();
    for seed in seeds {
        let is_behind = seed.after.iter().any(|id| found.contains(id));
        if (seed.background || is_behind) && is_open(seed.id) {
            found.insert(seed.id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_waits_for_those_that_wait() {
        let seed = |id, background, after| Waiting {
            id,
            background,
            after,
        };
        let seeds = [
            seed("a", false, &[] as &[_]),
            seed("b", true, &[]),
            seed("c", false, &["b"]),
            seed("d", false, &["a", "c"]),
            seed("e", false, &["a"]),
        ];
        let all = of_background(seeds, |_| true);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["b", "c", "d"]);
        // What is applied keeps nobody waiting.
        let open = of_background(seeds, |id| id != "b");
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [""; 0]);
    }
}
