//! Which seeds the boot leaves out. Pure.

use std::collections::BTreeSet;

use crate::SeedInfo;

/// Those of `seeds`, in byte order of their ids, that say `BACKGROUND`, and those that wait for one of them, directly or not.
/// A seed that is not `open` keeps nobody waiting.
pub(crate) fn of_background<'a, 's: 'a>(
    seeds: impl IntoIterator<Item = &'a SeedInfo<'s>>,
    is_open: impl Fn(&str) -> bool,
) -> BTreeSet<&'s str> {
    let mut found = BTreeSet::new();
    for seed in seeds {
        let is_behind = seed.after.iter().any(|id| found.contains(id));
        if is_open(seed.id) && (seed.background || is_behind) {
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
        let seeds = [
            SeedInfo::new("a", ""),
            SeedInfo::new("b", "").in_background(),
            SeedInfo::new("c", "").after(["b"]),
            SeedInfo::new("d", "").after(["a", "c"]),
            SeedInfo::new("e", "").after(["a"]),
        ];
        let all = of_background(&seeds, |_| true);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["b", "c", "d"]);
        // What is applied keeps nobody waiting.
        let open = of_background(&seeds, |id| id != "b");
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [""; 0]);
    }
}
