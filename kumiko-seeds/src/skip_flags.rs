//! The environment variables that skip seeds. Pure but for one function that reads them.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::backend::Backend;
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
        Self::from_system(std::env::vars_os())
    }

    fn from_system(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        Self::from_values(variables.filter_map(|(name, value)| {
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
    pub fn skips(&self, seed: &SeedInfo<'_>) -> bool {
        seed.skip_flag.is_some_and(|flag| self.is_set(flag))
    }

    /// What is wrong with these flags, given the seeds there are.
    pub(crate) fn warnings<DB: Backend>(&self, seeds: &[Seed<DB>]) -> Vec<Warning> {
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
    #[cfg(unix)]
    use proptest::{collection::vec, prelude::*, sample::select};

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
            assert!(!flags.skips(&seed), "{value:?}");
        }
        assert!(flags(&[("KUMIKO_SKIP_ES_OPS_2026_01_01_A", "1")]).skips(&seed));
        assert_eq!(
            flags(&[("KUMIKO_SKIP_ES_OPS", "1")]).skips_all(),
            Some("KUMIKO_SKIP_ES_OPS")
        );
    }

    #[test]
    fn a_flag_skips_only_a_seed_that_is_skippable() {
        let seed = SeedInfo::new("2026-01-01-a", "");
        assert!(!flags(&[("KUMIKO_SKIP_ES_OPS_2026_01_01_A", "1")]).skips(&seed));
    }

    /// A piece of what the system allows in names and values.
    #[cfg(unix)]
    fn bytes() -> impl Strategy<Value = OsString> {
        use std::os::unix::ffi::OsStringExt;
        let text = select(vec![
            "",
            "1",
            "0",
            "KUMIKO_SKIP_ES_OPS",
            "_2026_01_01_A",
            "\u{202e}",
        ]);
        let bytes = vec(any::<u8>(), 0..6);
        (text, bytes, any::<bool>()).prop_map(|(text, bytes, with_bytes)| {
            let bytes = if with_bytes { bytes } else { Vec::new() };
            OsString::from_vec([text.as_bytes(), &bytes].concat())
        })
    }

    #[cfg(unix)]
    proptest! {
        #[test]
        fn only_the_value_1_counts_whatever_else_the_environment_has(
            names in vec(bytes(), 0..6), parts in vec(bytes(), 0..6), values in vec(bytes(), 6)
        ) {
            let names = names.into_iter().zip(parts).map(|(mut name, part)| {
                name.push(part);
                name
            });
            let variables: Vec<_> = names.zip(values).collect();
            let flags = SkipFlags::from_system(variables.clone().into_iter());
            let is_set = |flag: &str| {
                let last = variables.iter().rev().find(|(name, _)| name == flag);
                last.is_some_and(|(_, value)| value == "1")
            };
            prop_assert_eq!(flags.skips_all().is_some(), is_set(ALL));
            let flag = "KUMIKO_SKIP_ES_OPS_2026_01_01_A";
            let seed = SeedInfo::new("2026-01-01-a", "").skipped_by(flag);
            prop_assert_eq!(flags.skips(&seed), is_set(flag));
            #[cfg(feature = "sqlite")]
            for warning in flags.warnings::<sqlx::Sqlite>(&[]) {
                prop_assert!(!warning.to_string().is_empty());
            }
        }
    }

    #[test]
    fn variables_with_another_name_are_ignored() {
        assert_eq!(
            flags(&[("KUMIKO_SKIP_ES_OPSX", "1"), ("PATH", "1")]),
            SkipFlags::default()
        );
    }
}
