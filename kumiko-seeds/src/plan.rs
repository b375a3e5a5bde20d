//! What a run has to do, from what is compiled in and what the database has. Pure.

/// The difference between the seeds an app carries and those a database has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan<'a> {
    /// Compiled in and not applied, in byte order: the order in which they run.
    pub(crate) pending: Vec<&'a str>,
    /// Applied and not compiled in, in byte order: an older binary, or a seed that was removed.
    pub(crate) missing: Vec<&'a str>,
    /// Those of `pending` whose id sorts before one already applied, with the greatest such id. They
    /// come from a branch that was merged late, and run after seeds they were written before.
    pub(crate) out_of_order: Vec<OutOfOrder<'a>>,
}

/// A pending seed that runs later than its id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder<'a> {
    /// The pending seed.
    pub(crate) id: &'a str,
    /// The greatest id that is already applied.
    pub(crate) after: &'a str,
}

impl OutOfOrder<'_> {
    /// The one with this id among those of a [`Plan`], which are sorted as its pending seeds are.
    pub(crate) fn find<'p>(late: &'p [Self], id: &str) -> Option<&'p Self> {
        let index = late.binary_search_by_key(&id, |late| late.id).ok()?;
        late.get(index)
    }
}

/// Compares what is `compiled` in with what is `applied`; neither has to be sorted.
pub(crate) fn plan<'a>(
    compiled: impl IntoIterator<Item = &'a str>,
    applied: impl IntoIterator<Item = &'a str>,
) -> Plan<'a> {
    let (compiled, applied) = (sorted(compiled), sorted(applied));
    let (mut pending, mut missing) = (Vec::new(), Vec::new());
    let mut rest = applied.iter().copied().peekable();
    for id in compiled {
        while let Some(smaller) = rest.next_if(|applied| *applied < id) {
            missing.push(smaller);
        }
        if rest.next_if_eq(&id).is_none() {
            pending.push(id);
        }
    }
    missing.extend(rest);
    let out_of_order = applied.last().map_or_else(Vec::new, |after| {
        let late = pending.iter().filter(|id| *id < after);
        late.map(|id| OutOfOrder { id, after }).collect()
    });
    Plan {
        pending,
        missing,
        out_of_order,
    }
}

/// What is sorted already, as it is nearly always, takes one comparison each.
fn sorted<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_is_what_is_compiled_and_not_applied_in_byte_order() {
        let compiled = ["2026-01-03-c", "2026-01-01-a", "2026-01-02-b"];
        let plan = plan(compiled, ["2026-01-01-a"]);
        assert_eq!(plan.pending, ["2026-01-02-b", "2026-01-03-c"]);
        assert_eq!(plan.missing, [""; 0]);
        assert_eq!(plan.out_of_order, []);
    }

    #[test]
    fn missing_is_what_is_applied_and_not_compiled() {
        let applied = ["2026-01-09-gone", "2026-01-01-a", "2025-12-31-gone"];
        let plan = plan(["2026-01-01-a"], applied);
        assert_eq!(plan.pending, [""; 0]);
        assert_eq!(plan.missing, ["2025-12-31-gone", "2026-01-09-gone"]);
    }

    #[test]
    fn out_of_order_is_pending_before_the_greatest_applied_even_if_that_is_missing() {
        let compiled = ["2026-01-01-a", "2026-01-02-b", "2026-01-06-f"];
        let plan = plan(compiled, ["2026-01-05-gone", "2026-01-02-b"]);
        assert_eq!(plan.pending, ["2026-01-01-a", "2026-01-06-f"]);
        let late = OutOfOrder {
            id: "2026-01-01-a",
            after: "2026-01-05-gone",
        };
        assert_eq!(plan.out_of_order, [late]);
    }

    #[test]
    fn byte_order_puts_a_hyphen_before_a_letter_and_a_prefix_first() {
        let compiled = ["2026-01-01-ab", "2026-01-01-a-b", "2026-01-01-a"];
        let plan = plan(compiled, []);
        assert_eq!(
            plan.pending,
            ["2026-01-01-a", "2026-01-01-a-b", "2026-01-01-ab"]
        );
    }
}
