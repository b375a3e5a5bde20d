//! From one file edited or added to a binary that runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apps::{App, cargo};
use crate::measure::{Cost, Ending, median_cost, run};
use crate::{Effort, Outcome, files, table};

/// A build that takes longer is cut.
const LIMIT: Duration = Duration::from_secs(100);
const FIRST_LIMIT: Duration = Duration::from_mins(20);

struct Project {
    app: App,
    folder: PathBuf,
    count: usize,
    /// The costs of edits and of additions; `None` once a build was cut.
    costs: Option<(Vec<Cost>, Vec<Cost>)>,
}

/// Tells the time of both, in both profiles.
pub(crate) fn measure(effort: Effort, chapter: &mut String) -> Outcome<()> {
    let count = effort.choose(100, 1_000);
    let mut rows = Vec::new();
    for profile in ["dev", "release"] {
        let folder = tempfile::tempdir()?;
        let mut projects = Vec::new();
        for app in App::WITH_FILES {
            eprintln!("{profile}: {} for the first time", app.name());
            projects.push(prepare(folder.path(), app, profile, count)?);
        }
        for round in 0..effort.choose(1, 3) {
            for project in &mut projects {
                eprintln!("{profile}, round {}: {}", round + 1, project.app.name());
                project.measure(profile, round)?;
            }
        }
        rows.extend(projects.iter().map(|project| project.row(profile)));
    }
    table::append(
        chapter,
        &format!("One file more at {count}"),
        &[
            "profile",
            "app",
            "edited",
            "processor time",
            "added",
            "processor time",
        ],
        &rows,
        "Medians of interleaved builds, each up to a start of the binary, all dependencies being built. A build \
         is cut after 100 s.",
    );
    Ok(())
}

fn prepare(parent: &Path, app: App, profile: &str, count: usize) -> Outcome<Project> {
    let folder = app.folder(parent);
    // The dependencies are built before there are many files.
    app.write(&folder, 2)?;
    run(&build(&folder, profile), FIRST_LIMIT)?;
    app.write(&folder, count)?;
    let costs = match run(&build(&folder, profile), LIMIT)? {
        Ending::Done(..) => Some((Vec::new(), Vec::new())),
        Ending::Cut => None,
    };
    Ok(Project {
        app,
        folder,
        count,
        costs,
    })
}

fn build(folder: &Path, profile: &str) -> Command {
    cargo(
        folder,
        &["run", "--quiet", "--profile", profile, "--", "stop"],
    )
}

impl Project {
    fn measure(&mut self, profile: &str, round: usize) -> Outcome<()> {
        let (Some((mut edited, mut added)), Some((name, kind))) =
            (self.costs.take(), self.app.files())
        else {
            return Ok(());
        };
        let files_folder = self.folder.join(name);
        for (costs, number) in [
            (&mut edited, self.count / 2),
            (&mut added, self.count + round),
        ] {
            files::write(&files_folder, kind, number, 100_000 + round)?;
            match run(&build(&self.folder, profile), LIMIT)? {
                Ending::Done(cost, _) => {
                    eprintln!("  {}", table::time(cost.elapsed));
                    costs.push(cost);
                }
                Ending::Cut => return Ok(()),
            }
        }
        self.costs = Some((edited, added));
        Ok(())
    }

    fn row(&self, profile: &str) -> Vec<String> {
        let head = [profile.to_owned(), self.app.name().to_owned()];
        let cells = match &self.costs {
            None => ["> 100 s", "", "> 100 s", ""].map(str::to_owned),
            Some((edited, added)) => {
                let (edited, added) = (median_cost(edited), median_cost(added));
                [
                    edited.elapsed,
                    edited.processor,
                    added.elapsed,
                    added.processor,
                ]
                .map(table::time)
            }
        };
        head.into_iter().chain(cells).collect()
    }
}
