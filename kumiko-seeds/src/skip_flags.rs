//! The environment variables that skip seeds. Pure but for one function that reads them.

use std::collections::BTreeMap;

use sqlx::Database;

use crate::{Seed, SeedInfo, Warning};

/// Skips every seed at boot.
const ALL: &str = "KUMIKO_SKIP_ES_OPS";
/// With this before it, a variable means one seed.
const ONE: &str = "KUMIKO_SKIP_ES_OPS_";

/// The environment variables that skip seeds, for the night when one of them keeps an app down.
///
/// `KUMIKO_SKIP_ES_OPS=1` skips all at boot; `KUMIKO_SKIP_ES_OPS_<ID>=1`, with the id in upper case
/// and every run of other characters as one `_`, skips one seed that says `SKIPPABLE`. Only the
/// value `1` counts. A skipped seed gets no marker and is pending again as soon as the flag is gone.
///
/// The default is the environment of the process, read when a run starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkipFlags {
    values: BTreeMap<String, String>,
}

impl SkipFlags {
    /// The flags in the environment of this process. A value that is not Unicode counts as not `1`.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_values(std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        }))
    }

    /// The flags among `variables`; the others are ignored.
    #[must_use]
    pub fn from_values(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_flag = |name: &str| name == ALL || name.starts_with(ONE);
        let values = variables
            .into_iter()
            .filter(|(name, _)| is_flag(name))
            .collect();
        Self { values }
    }

    /// The flag that skips everything, if it is set.
    #[must_use]
    pub fn skips_all(&self) -> Option<&'static str> {
        self.is_set(ALL).then_some(ALL)
    }

    /// Whether the seed is to be skipped.
    #[must_use]
    pub fn skips(&self, seed: SeedInfo<'_>) -> bool {
        seed.skip_flag.is_some_and(|flag| self.is_set(flag))
    }

    /// What is wrong with these flags, given the seeds there are.
    pub(crate) fn warnings<DB: Database>(&self, seeds: &[Seed<DB>]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (flag, value) in &self.values {
            let flag = flag.clone();
            let seed = seeds.iter().find(|seed| seed.skip_flag == flag);
            if value != "1" {
                // An empty value or 0 is how people switch a flag off, so it is nothing to report.
                if !matches!(value.as_str(), "" | "0") {
                    warnings.push(Warning::FlagValue {
                        flag,
                        value: value.clone(),
                    });
                }
                continue;
            }
            match seed {
                Some(seed) if !seed.skippable => {
                    warnings.push(Warning::FlagOnUnskippable { flag, id: seed.id });
                }
                None if flag != ALL => warnings.push(Warning::FlagWithoutSeed { flag }),
                _ => {}
            }
        }
        warnings
    }

    fn is_set(&self, flag: &str) -> bool {
        self.values.get(flag).is_some_and(|value| value == "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(variables: &[(&str, &str)]) -> SkipFlags {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        SkipFlags::from_values(variables.iter().map(own))
    }

    #[test]
    fn only_the_value_1_counts() {
        let seed = SeedInfo::new("2026-01-01-a", "").skipped_by("KUMIKO_SKIP_ES_OPS_2026_01_01_A");
        for value in ["", "0", "true", "yes", "11", " 1"] {
            let flags = flags(&[
                ("KUMIKO_SKIP_ES_OPS", value),
                ("KUMIKO_SKIP_ES_OPS_2026_01_01_A", value),
            ]);
            assert_eq!(flags.skips_all(), None, "{value:?}");
            assert!(!flags.skips(seed), "{value:?}");
        }
        assert!(flags(&[("KUMIKO_SKIP_ES_OPS_2026_01_01_A", "1")]).skips(seed));
        assert_eq!(
            flags(&[("KUMIKO_SKIP_ES_OPS", "1")]).skips_all(),
            Some("KUMIKO_SKIP_ES_OPS")
        );
    }

    #[test]
    fn a_flag_skips_only_a_seed_that_is_skippable() {
        let seed = SeedInfo::new("2026-01-01-a", "");
        assert!(!flags(&[("KUMIKO_SKIP_ES_OPS_2026_01_01_A", "1")]).skips(seed));
    }

    #[test]
    fn variables_with_another_name_are_ignored() {
        assert_eq!(
            flags(&[("KUMIKO_SKIP_ES_OPSX", "1"), ("PATH", "1")]),
            SkipFlags::default()
        );
    }
}
