//! By which hashes the source of a seed is known. Pure.

use crate::plan::Source;
use crate::{Backend, Seed, SeedInfo};

/// What the ledger may know the source of a seed by, each where it is known.
///
/// **Invariant:** a source is that of a marker if either is the marker's. Markers have the hash of the code, and those from before there
/// was one have that of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hashes<'a> {
    code: Option<&'a str>,
    text: Option<&'a str>,
}

impl<'a> Hashes<'a> {
    pub(crate) fn of_seed<DB: Backend>(seed: &Seed<DB>) -> Hashes<'static> {
        Hashes::of(Some(seed.source_hash), Some(seed.text_hash))
    }

    pub(crate) fn of_info(info: &SeedInfo<'a>) -> Self {
        Self::of(info.source_hash, info.text_hash)
    }

    /// One that is empty is not known.
    pub(crate) fn of(code: Option<&'a str>, text: Option<&'a str>) -> Self {
        let known = |hash: &&str| !hash.is_empty();
        Self {
            code: code.filter(known),
            text: text.filter(known),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        self.code.into_iter().chain(self.text)
    }

    /// Whether the source is certainly the one of this hash.
    pub(crate) fn contains(self, hash: Option<&str>) -> bool {
        hash.is_some_and(|hash| self.iter().any(|own| own == hash))
    }

    /// Whether the source is certainly not the one of `source`.
    pub(crate) fn differ_from(self, source: Source<'_>) -> bool {
        source.hash().is_some() && self.iter().next().is_some() && !self.contains(source.hash())
    }
}
