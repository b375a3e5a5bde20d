//! The seeds that are there already.

use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use kumiko_seeds_build::{SeedFile, scan, skip_flag, validate_id};

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

    /// The date of a new seed: the first, from `today` on, with which it sorts after all seeds that are there. They were written
    /// before it, so it may build on them, and where they are applied it would be out of order before them.
    pub(super) fn date_of_next(&self, slug: &str, today: NaiveDate) -> NaiveDate {
        let of_last = self
            .last_after(&format!("{today}-{slug}"))
            .and_then(|last| {
                let date: NaiveDate = last.get(.."YYYY-MM-DD".len())?.parse().ok()?;
                let sorts_after = format!("{date}-{slug}").as_str() > last;
                if sorts_after {
                    Some(date)
                } else {
                    date.succ_opt()
                }
            });
        // After the last day that an id can have there is none.
        of_last
            .filter(|date| validate_id(&format!("{date}-{slug}")).is_ok())
            .unwrap_or(today)
    }

    /// Another seed than `id` that has its skip flag, which the build refuses.
    pub(super) fn with_the_skip_flag_of(&self, id: &str) -> Option<&str> {
        let flag = skip_flag(id);
        let mut seeds = self.seeds.iter();
        let same = seeds.find(|seed| seed.id != id && seed.skip_flag == flag)?;
        Some(&same.id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn date_beside(ids: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for id in ids {
            let seed =
                "pub const DESCRIPTION: &str = \"Text\";\npub async fn run(c: C) -> R { Ok(()) }";
            fs::write(folder.path().join(format!("{id}.rs")), seed).unwrap();
        }
        let existing = Existing::in_folder(folder.path());
        let today = NaiveDate::from_ymd_opt(2026, 2, 28).unwrap();
        existing.date_of_next("members", today).to_string()
    }

    #[test]
    fn a_new_seed_sorts_after_all_that_are_there() {
        for (ids, date) in [
            (&[] as &[_], "2026-02-28"),
            (&["2026-02-27-zebra"], "2026-02-28"),
            (&["2026-02-28-apple"], "2026-02-28"),
            (&["2026-02-28-zebra"], "2026-03-01"),
            (&["2026-02-28-members-2"], "2026-03-01"),
            (&["2026-02-28-zebra", "2026-03-01-apple"], "2026-03-01"),
            (&["2026-02-28-apple", "2026-03-01-zebra"], "2026-03-02"),
            (&["2026-12-31-zebra"], "2027-01-01"),
            // The file that would be in the way is for whoever creates it to tell.
            (&["2026-02-28-members"], "2026-02-28"),
            (&["9999-12-31-zebra"], "2026-02-28"),
        ] {
            assert_eq!(date_beside(ids), date, "{ids:?}");
        }
    }
}
