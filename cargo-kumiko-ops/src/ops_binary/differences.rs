//! In what a binary differs from what the files and Cargo.toml say. Pure.

use std::collections::BTreeMap;

use kumiko_seeds::App;
use kumiko_seeds_build::SeedFile;
use kumiko_seeds_cli::{Carried, Failure};

use crate::package::Member;

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

fn of_seeds(files: &[SeedFile], carried: &BTreeMap<String, String>) -> Vec<String> {
    let mut seeds: BTreeMap<&str, (Option<&SeedFile>, Option<&str>)> = BTreeMap::new();
    for file in files {
        seeds.entry(&file.id).or_default().0 = Some(file);
    }
    for (id, source_hash) in carried {
        seeds.entry(id).or_default().1 = Some(source_hash);
    }
    let lines = seeds.into_iter().filter_map(|(id, sources)| match sources {
        (Some(file), Some(carried)) if carried == file.source_hash || carried == file.text_hash => {
            None
        }
        (Some(_), Some(_)) => Some(format!("{id} has another source in the binary")),
        (Some(_), None) => Some(format!("{id} is a file, and is not in the binary")),
        (None, _) => Some(format!("{id} is in the binary, and there is no such file")),
    });
    lines.collect()
}

/// The refusal of a binary of another app: says which app it is of, which one its package, and how either becomes the
/// other.
pub(super) fn another_app(bin: &str, app: &App, member: &Member) -> Failure {
    let settings = member.settings.app();
    if let Err(error) = app.check() {
        return Failure::new(format!("the ops binary {bin} cannot be used"))
            .caused_by(&error)
            .help(format!(
                "give the app's SeedRunner another one:{}",
                call(settings.name().unwrap_or("my-app"))
            ));
    }
    let manifest = member.manifest().display();
    let of_binary = match app.name() {
        Some(name) => format!("the app {name}"),
        None => "an app without a name".to_owned(),
    };
    let of_settings = match settings.name() {
        Some(name) => format!("the app {name}"),
        None => "no app".to_owned(),
    };
    let mut failure = Failure::new(format!(
        "the ops binary {bin} applies the seeds of {of_binary}, and {manifest} names {of_settings}"
    ));
    failure.notes.push("nothing was applied".to_owned());
    if let Some(name) = app.name() {
        failure = failure.help(format!(
            "if {name} is right, name it in {manifest}, for the commands that compile nothing:\n    \
             [package.metadata.kumiko-ops]\n    app = \"{name}\""
        ));
    }
    if let Some(name) = settings.name() {
        failure = failure.help(format!(
            "if {name} is right, give the app's SeedRunner that name:{}",
            call(name)
        ));
    }
    failure.help(
        "an app keeps its name: under another one none of its seeds counts as applied, and all of them would run again",
    )
}

fn call(name: &str) -> String {
    format!("\n    SeedRunner::new(SEEDS).app(\"{name}\")")
}
