//! In what the seeds of a binary differ from those of the files. Pure.

use std::collections::BTreeMap;

use kumiko_seeds::cli::CarriedSeed;
use kumiko_seeds_build::SeedFile;

/// A line for each seed that differs, in the order of the ids.
pub(super) fn differences(files: &[SeedFile], carried: &[CarriedSeed]) -> Vec<String> {
    let mut seeds: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    for file in files {
        seeds.entry(&file.id).or_default().0 = Some(&file.source_hash);
    }
    for seed in carried {
        seeds.entry(&seed.id).or_default().1 = Some(&seed.source_hash);
    }
    let lines = seeds.into_iter().filter_map(|(id, sources)| match sources {
        (file, carried) if file == carried => None,
        (Some(_), Some(_)) => Some(format!("{id} has another source in the binary")),
        (Some(_), None) => Some(format!("{id} is a file, and is not in the binary")),
        (None, _) => Some(format!("{id} is in the binary, and there is no such file")),
    });
    lines.collect()
}
