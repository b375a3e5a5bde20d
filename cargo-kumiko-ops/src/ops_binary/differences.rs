//! In what a binary differs from what the files say. Pure.

use std::collections::BTreeMap;

use kumiko_seeds::App;
use kumiko_seeds_build::SeedFile;
use kumiko_seeds_cli::{Carried, CarriedSeed};

/// In what a binary differs.
pub(super) struct Differences {
    /// A line for each seed that differs, in the order of the ids.
    pub(super) seeds: Vec<String>,
    /// The app of the binary, if its package is of another one.
    pub(super) app: Option<App>,
}

impl Differences {
    /// Compares what is `carried` with the files of seeds and with the app that Cargo.toml names.
    pub(super) fn between(files: &[SeedFile], app: &App, carried: &Carried) -> Self {
        let of_binary = carried.app.clone().map_or_else(App::default, App::named);
        Self {
            seeds: of_seeds(files, &carried.seeds),
            app: (of_binary != *app).then_some(of_binary),
        }
    }
}

fn of_seeds(files: &[SeedFile], carried: &[CarriedSeed]) -> Vec<String> {
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
