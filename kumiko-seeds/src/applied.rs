//! What a boot learns of the ledger in one value. Pure.

use crate::plan::{Applied, Source};

/// The applied seeds, as one statement of the ledger gives them: one text, which is cut up where it is used.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppliedSeeds {
    text: String,
}

impl AppliedSeeds {
    /// What is between two seeds: a separator of ASCII, which is made for this and is in no file's name.
    pub(crate) const BETWEEN: char = '\u{1f}';

    /// What is between a seed's id and the hash of its source, if that is known.
    pub(crate) const BEFORE_HASH: char = '\u{1e}';

    pub(crate) fn of(text: String) -> Self {
        Self { text }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Applied<'_>> {
        let seeds = self.text.split(Self::BETWEEN);
        seeds.filter(|seed| !seed.is_empty()).map(|seed| {
            let (ledger_id, source) = match seed.split_once(Self::BEFORE_HASH) {
                Some((ledger_id, hash)) => (ledger_id, Source::of_hash(hash)),
                None => (seed, Source::Foreign),
            };
            Applied { ledger_id, source }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_has_its_source_if_it_has_one() {
        let text = "a\u{1f}b\u{1e}0123\u{1f}billing/c\u{1e}".to_owned();
        let seeds: Vec<_> = AppliedSeeds::of(text)
            .iter()
            .map(|seed| {
                (
                    seed.ledger_id.to_owned(),
                    seed.source == Source::Foreign,
                    seed.source.hash().map(str::to_owned),
                )
            })
            .collect();
        assert_eq!(
            seeds,
            [
                ("a".to_owned(), true, None),
                ("b".to_owned(), false, Some("0123".to_owned())),
                ("billing/c".to_owned(), false, None),
            ]
        );
        assert_eq!(AppliedSeeds::default().iter().count(), 0);
    }
}
