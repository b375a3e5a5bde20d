//! Which of the pending seeds a run applies. Pure.

use crate::Error;

/// Which of the pending seeds a run applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// All of them. The default.
    #[default]
    All,
    /// Those up to and including the seed with this id.
    UpTo(String),
    /// This one, provided that no other is pending before it.
    Only(String),
    /// This one, whatever is pending before it. The others run after a seed they were written before.
    OnlyOutOfOrder(String),
}

impl Selection {
    /// The seeds of `pending`, which is sorted, that are to be applied.
    pub(crate) fn of<'a>(
        &self,
        pending: Vec<&'a str>,
        compiled: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<&'a str>, Error> {
        let Some(named) = self.named() else {
            return Ok(pending);
        };
        let mut compiled = compiled.peekable();
        if !compiled.any(|id| id == named) {
            return Err(Error::UnknownSeed {
                id: named.to_owned(),
            });
        }
        let earlier = || {
            pending
                .iter()
                .filter(|id| **id < named)
                .map(ToString::to_string)
        };
        match self {
            Self::Only(_) if pending.contains(&named) && earlier().count() > 0 => {
                Err(Error::WouldReorder {
                    id: named.to_owned(),
                    pending: earlier().collect(),
                })
            }
            Self::UpTo(_) => Ok(pending.into_iter().filter(|id| *id <= named).collect()),
            _ => Ok(pending.into_iter().filter(|id| *id == named).collect()),
        }
    }

    /// Whether it is about this one seed.
    pub(crate) fn names(&self, id: &str) -> bool {
        matches!(self, Self::Only(named) | Self::OnlyOutOfOrder(named) if named == id)
    }

    /// The seed that it is about, if it is about one.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::UpTo(id) | Self::Only(id) | Self::OnlyOutOfOrder(id) => Some(id),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const COMPILED: [&str; 4] = ["1-applied", "2-b", "3-c", "4-d"];

    fn of(selection: &Selection) -> Result<Vec<&'static str>, String> {
        let pending = COMPILED[1..].to_vec();
        selection
            .of(pending, COMPILED.into_iter())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_selection_takes_what_it_says() {
        assert_eq!(of(&Selection::All).unwrap(), ["2-b", "3-c", "4-d"]);
        assert_eq!(of(&Selection::UpTo("3-c".into())).unwrap(), ["2-b", "3-c"]);
        assert_eq!(of(&Selection::UpTo("1-applied".into())).unwrap(), [""; 0]);
        assert_eq!(of(&Selection::Only("2-b".into())).unwrap(), ["2-b"]);
        assert_eq!(of(&Selection::Only("1-applied".into())).unwrap(), [""; 0]);
        assert_eq!(
            of(&Selection::OnlyOutOfOrder("4-d".into())).unwrap(),
            ["4-d"]
        );
    }

    #[test]
    fn one_that_would_overtake_others_is_refused_by_name() {
        assert_eq!(
            of(&Selection::Only("4-d".into())).unwrap_err(),
            "seed 4-d would run before 2-b, 3-c, pending and earlier"
        );
    }

    #[test]
    fn a_seed_that_there_is_not_is_refused() {
        for selection in [Selection::UpTo("9-x".into()), Selection::Only("9-x".into())] {
            assert_eq!(
                of(&selection).unwrap_err(),
                "there is no seed 9-x in this binary"
            );
        }
    }
}
