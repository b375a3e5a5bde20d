//! A first build: what the libraries add to an app that has sqlx already.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::apps::{App, cargo};
use crate::measure::{Cost, Ending, median_cost, run};
use crate::{Effort, Outcome, table};

const FILES: usize = 10;
const LIMIT: Duration = Duration::from_mins(20);

/// Tells the crates and the time of a build with nothing there, and that the next build has nothing to do.
pub(crate) fn measure(effort: Effort, chapter: &mut String) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mut costs = App::ALL.map(|_| Vec::new());
    let mut crates = Vec::new();
    for app in App::ALL {
        let project = app.folder(folder.path());
        app.write(&project, FILES)?;
        run(&cargo(&project, &["fetch", "--quiet"]), LIMIT)?;
        crates.push(crates_of(&project)?);
    }
    for round in 0..effort.choose(1, 3) {
        for (app, costs) in App::ALL.iter().zip(&mut costs) {
            let project = app.folder(folder.path());
            eprintln!("round {}: {}", round + 1, app.name());
            fs::remove_dir_all(project.join("target")).ok();
            let build = cargo(&project, &["build"]);
            let Ending::Done(cost, _) = run(&build, LIMIT)? else {
                return Err(format!("{} was not built in {LIMIT:?}", app.name()).into());
            };
            eprintln!(
                "  {}, processors {}",
                table::time(cost.elapsed),
                table::time(cost.processor)
            );
            costs.push(cost);
            check_that_nothing_is_left(&project)?;
        }
    }
    let costs = costs.map(|costs| median_cost(&costs));
    append(chapter, &costs, &crates);
    Ok(())
}

fn append(chapter: &mut String, costs: &[Cost], crates: &[BTreeSet<String>]) {
    let (Some(base), Some(base_crates)) = (costs.first(), crates.first()) else {
        return;
    };
    let rows: Vec<Vec<String>> = App::ALL
        .iter()
        .zip(costs.iter().zip(crates))
        .map(|(app, (cost, crates))| {
            let added = crates.difference(base_crates).count();
            let less = |one: Duration, other| table::time(one.saturating_sub(other));
            vec![
                app.name().to_owned(),
                crates.len().to_string(),
                added.to_string(),
                table::time(cost.elapsed),
                less(cost.elapsed, base.elapsed),
                table::time(cost.processor),
                less(cost.processor, base.processor),
            ]
        })
        .collect();
    table::append(
        chapter,
        "Cold build",
        &[
            "10 files, dev profile",
            "crates",
            "added",
            "time",
            "added",
            "processor time",
            "added",
        ],
        &rows,
        "Medians of interleaved builds without a target folder, the crates downloaded. Versions count as crates. \
         Processor time is that of all cores together, and the steadier number on a busy machine. After each \
         build a second one had nothing to compile.",
    );
}

/// An untouched app must not be compiled again, and its build script must not run.
fn check_that_nothing_is_left(project: &Path) -> Outcome<()> {
    let build = cargo(project, &["build", "--verbose"]);
    let Ending::Done(_, said) = run(&build, LIMIT)? else {
        return Err("a build of nothing took for ever".into());
    };
    let busy = |line: &&str| {
        let line = line.trim_start();
        ["Compiling", "Dirty", "Running"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    match said.lines().find(busy) {
        Some(line) => Err(format!("an untouched app is built again: {line}").into()),
        None => Ok(()),
    }
}

/// What a build compiles, the build scripts' crates included and the tests' not.
fn crates_of(project: &Path) -> Outcome<BTreeSet<String>> {
    let words = [
        "tree",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--no-dedupe",
    ];
    let output = cargo(project, &words).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let crates = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Ok(crates.filter(|name| !name.starts_with("app ")).collect())
}
