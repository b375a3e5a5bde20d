//! What a run has to do, from what is compiled in and what the database has. Pure.

use std::collections::BTreeSet;

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

/// Compares what is `compiled` in with what is `applied`; neither has to be sorted.
pub(crate) fn plan<'a>(
    compiled: impl IntoIterator<Item = &'a str>,
    applied: &'a BTreeSet<String>,
) -> Plan<'a> {
    let compiled: BTreeSet<&str> = compiled.into_iter().collect();
    let pending: Vec<&str> = compiled
        .iter()
        .copied()
        .filter(|id| !applied.contains(*id))
        .collect();
    let missing = applied
        .iter()
        .map(String::as_str)
        .filter(|id| !compiled.contains(id))
        .collect();
    let out_of_order = applied.last().map_or_else(Vec::new, |after| {
        let late = pending.iter().filter(|id| **id < after.as_str());
        late.map(|id| OutOfOrder { id, after }).collect()
    });
    Plan {
        pending,
        missing,
        out_of_order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pending_is_what_is_compiled_and_not_applied_in_byte_order() {
        let applied = applied(&["2026-01-01-a"]);
        let plan = plan(["2026-01-03-c", "2026-01-01-a", "2026-01-02-b"], &applied);
        assert_eq!(plan.pending, ["2026-01-02-b", "2026-01-03-c"]);
        assert_eq!(plan.missing, [""; 0]);
        assert_eq!(plan.out_of_order, []);
    }

    #[test]
    fn missing_is_what_is_applied_and_not_compiled() {
        let applied = applied(&["2026-01-01-a", "2026-01-09-gone"]);
        let plan = plan(["2026-01-01-a"], &applied);
        assert_eq!(plan.pending, [""; 0]);
        assert_eq!(plan.missing, ["2026-01-09-gone"]);
    }

    #[test]
    fn out_of_order_is_pending_before_the_greatest_applied_even_if_that_is_missing() {
        let applied = applied(&["2026-01-02-b", "2026-01-05-gone"]);
        let plan = plan(["2026-01-01-a", "2026-01-02-b", "2026-01-06-f"], &applied);
        assert_eq!(plan.pending, ["2026-01-01-a", "2026-01-06-f"]);
        let late = OutOfOrder {
            id: "2026-01-01-a",
            after: "2026-01-05-gone",
        };
        assert_eq!(plan.out_of_order, [late]);
    }

    #[test]
    fn byte_order_puts_a_hyphen_before_a_letter_and_a_prefix_first() {
        let applied = applied(&[]);
        let plan = plan(
            ["2026-01-01-ab", "2026-01-01-a-b", "2026-01-01-a"],
            &applied,
        );
        assert_eq!(
            plan.pending,
            ["2026-01-01-a", "2026-01-01-a-b", "2026-01-01-ab"]
        );
    }
}
