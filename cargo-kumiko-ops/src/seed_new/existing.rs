//! The seeds that are there already.

use std::fs;
use std::path::Path;

use kumiko_seeds_build::{SeedFile, scan, skip_flag};

/// The seeds of a folder that can be read. What is wrong with others is for `seed:status` to say.
pub(super) struct Existing {
    seeds: Vec<SeedFile>,
}

impl Existing {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            seeds: scan(folder).unwrap_or_else(|error| error.readable_seeds().to_vec()),
        }
    }

    /// The source of the last seed, which shows how this app writes them now. One of many steps names no `SeedResult`.
    pub(super) fn last_source(&self) -> Option<String> {
        let last = self
            .seeds
            .iter()
            .rfind(|seed| !seed.in_steps && seed.retired.is_none())?;
        fs::read_to_string(&last.path).ok()
    }

    /// The last seed, if it sorts after `id`.
    pub(super) fn last_after(&self, id: &str) -> Option<&str> {
        let last = self.seeds.last()?.id.as_str();
        (last > id).then_some(last)
    }

    /// The last release that had the seed `id`, if it is retired.
    pub(super) fn release_of(&self, id: &str) -> Option<&str> {
        let mut seeds = self.seeds.iter();
        seeds.find(|seed| seed.id == id)?.retired.as_deref()
    }

    /// Another seed than `id` that has its skip flag, which the build refuses.
    pub(super) fn with_the_skip_flag_of(&self, id: &str) -> Option<&str> {
        let flag = skip_flag(id);
        let mut seeds = self.seeds.iter();
        let same = seeds.find(|seed| seed.id != id && seed.skip_flag == flag)?;
        Some(&same.id)
    }
}
