//! The build script of an app, in the profile in which cargo builds it for everybody: without optimisation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apps::{App, cargo};
use crate::files::Kind;
use crate::measure::{elapsed, median, run};
use crate::{Effort, Outcome, files, table};

const LIMIT: Duration = Duration::from_mins(20);

/// Tells how long the script runs and how much it writes.
pub(crate) fn measure(effort: Effort, chapter: &mut String) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let app = folder.path().join("app");
    App::Kumiko.write(&app, 2)?;
    eprintln!("building the script");
    run(&cargo(&app, &["build"]), LIMIT)?;
    let script = script_in(&app)?;

    let counts = effort.choose([0, 10, 100], [10, 1_000, 5_000]);
    let package = |count: usize| folder.path().join(count.to_string());
    let mut times: Vec<(Vec<Duration>, Vec<Duration>)> = Vec::new();
    for count in counts {
        files::fill(&package(count).join("seeds"), Kind::Seeds, count)?;
        times.push(Default::default());
    }
    for round in 0..effort.choose(3, 9) {
        eprintln!("round {}", round + 1);
        for (count, (first, again)) in counts.into_iter().zip(&mut times) {
            let out = package(count).join("out");
            fs::remove_dir_all(&out).ok();
            fs::create_dir(&out)?;
            first.push(elapsed(&mut start(&script, &package(count), &out))?);
            again.push(elapsed(&mut start(&script, &package(count), &out))?);
        }
    }
    let mut rows = Vec::new();
    for (count, (first, again)) in counts.into_iter().zip(times) {
        let written = fs::metadata(package(count).join("out/kumiko_seeds.rs"))?.len();
        rows.push(vec![
            count.to_string(),
            table::time(median(first)),
            table::time(median(again)),
            format!("{} kB", written.div_ceil(1_000)),
        ]);
    }
    table::append(
        chapter,
        "Build script",
        &["seeds", "first run", "run again", "output"],
        &rows,
        "Medians of the whole process, built without optimisation as cargo does. Run again with nothing changed, \
         it leaves the output as it is.",
    );
    Ok(())
}

fn start(script: &Path, package: &Path, out: &Path) -> Command {
    let mut command = Command::new(script);
    command
        .current_dir(package)
        .env("CARGO_MANIFEST_DIR", package)
        .env("OUT_DIR", out);
    command
}

fn script_in(app: &Path) -> Outcome<PathBuf> {
    for entry in fs::read_dir(app.join("target/debug/build"))? {
        let entry = entry?;
        let script = entry.path().join("build-script-build");
        if entry.file_name().to_string_lossy().starts_with("app-") && script.is_file() {
            return Ok(script);
        }
    }
    Err("cargo left no build script".into())
}
