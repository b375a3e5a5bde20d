use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use crate::entry::{Entry, entry};
use crate::manifest::{known_environments, nearest_manifest};
use crate::problem::Problem;
use crate::replaced::replaced_problems;
use crate::retired::read_retired;
use crate::seed_file::{SeedFile, checked_id, read_seed};
use crate::skip_flag;

/// Reads the seeds of a folder, those too that its list [`RETIRED_LIST`](crate::RETIRED_LIST) keeps, sorted by id. It compiles nothing and does not look at the environment.
///
/// A folder that does not exist has no seeds. What is no Rust file is left alone, and so is what starts with `_` or `.`
/// and what editors and merges leave behind (`~`, `.orig`, `.rej`, `.bak`, `.tmp`). The error lists everything that is
/// wrong with the rest: what looks like a seed and is none (`x.RS`, `x.rs.txt`, `x/mod.rs`, a folder with Rust files),
/// names that are no ids, files that cannot be read, sources that are no seeds, two ids with one skip flag, and seeds that
/// are to come after one that does not come before them or does not run wherever they do, or that replace what they cannot. What environments there are is
/// what the nearest `Cargo.toml` from the folder upwards says. It also has the seeds in which nothing is wrong.
pub fn scan(folder: &Path) -> Result<Vec<SeedFile>, Error> {
    let known = match nearest_manifest(folder) {
        Some(manifest) => known_environments(&manifest, &manifest)?,
        None => Vec::new(),
    };
    scan_shown_as(folder, folder, &known)
}

/// As [`scan`], with the problems showing another path for the folder than the one it is read from.
pub(crate) fn scan_shown_as(
    folder: &Path,
    shown: &Path,
    known_environments: &[String],
) -> Result<Vec<SeedFile>, Error> {
    let entries = entries(folder, shown).map_err(|message| Problem::new(shown, message))?;
    let mut ids = ids(&entries);
    let (retired, mut problems) = match read_retired(folder, shown, &ids) {
        Ok(retired) => (Some(retired), Vec::new()),
        Err(problems) => (None, problems),
    };
    ids.extend(retired.iter().flatten().map(|seed| seed.id.clone()));
    let read = on_all_cores(&entries, |entry| {
        read_seed(entry, folder, shown, &ids, known_environments)
    })
    .map_err(|error| Problem::new(shown, format!("the seeds cannot be read: {error}")))?;
    let mut of_several = order_problems(&read, shown);
    if let Some(retired) = &retired {
        of_several.extend(replaced_problems(&read, retired, shown));
    }
    let mut seeds = retired.unwrap_or_default();
    for seed in &mut seeds {
        known_environments.clone_into(&mut seed.known_environments);
    }
    let mut first_with_flag = BTreeMap::new();
    for (entry, read) in entries.iter().zip(read) {
        problems.extend(flag_problem(entry, shown, &mut first_with_flag));
        match read {
            Ok(seed) => seeds.push(seed),
            Err(mut found) => problems.append(&mut found),
        }
    }
    problems.extend(of_several);
    seeds.sort_by(|one, other| one.id.cmp(&other.id));
    if problems.is_empty() {
        Ok(seeds)
    } else {
        Err(Error::new(problems, seeds))
    }
}

/// The seeds that are to come after one that does not run wherever they do, for which they would wait for ever.
fn order_problems(read: &[Result<SeedFile, Vec<Problem>>], shown: &Path) -> Vec<Problem> {
    let seeds = || read.iter().flatten();
    let of_seed = |seed: &SeedFile| {
        let after = seed.after.iter().zip(&seed.after_lines);
        let faults = after.filter_map(|(id, line)| {
            let other = seeds().find(|other| other.id == *id)?;
            let file = shown.join(format!("{}.rs", seed.id));
            let message = waits_for_ever(seed, other)?;
            Some(match line {
                Some(line) => Problem::at_line(file, *line, message),
                None => Problem::new(file, message),
            })
        });
        faults.collect::<Vec<_>>()
    };
    seeds().flat_map(of_seed).collect()
}

/// Why `seed` cannot always come after `other`, and what to do.
fn waits_for_ever(seed: &SeedFile, other: &SeedFile) -> Option<String> {
    let runs_without = |name: &&String| !other.environments.contains(name);
    let without: Vec<&str> = seed
        .environments
        .iter()
        .filter(runs_without)
        .map(String::as_str)
        .collect();
    let (id, only) = (&other.id, other.environments.join(", "));
    if other.environments.is_empty() || (!seed.environments.is_empty() && without.is_empty()) {
        return None;
    }
    Some(if without.is_empty() {
        format!(
            "{id} runs in {only} only, so in every other environment this seed would wait for it for ever; write \
             `pub const ENVIRONMENTS: &[&str] = &{:?};` here, too, or take {id:?} out of `AFTER`",
            other.environments
        )
    } else {
        let without = without.join(", ");
        format!(
            "{id} does not run in {without}, so there this seed would wait for it for ever; add {without} to its \
             `ENVIRONMENTS`, or take {id:?} out of `AFTER`"
        )
    })
}

/// Everything that is wrong with a folder of seeds, in the order of the file names.
///
/// It displays as one line per problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", one_per_line(.problems))]
#[non_exhaustive]
pub struct Error {
    problems: Vec<Problem>,
    readable_seeds: Vec<SeedFile>,
}

impl Error {
    pub(crate) fn new(problems: Vec<Problem>, readable_seeds: Vec<SeedFile>) -> Self {
        Self {
            problems,
            readable_seeds,
        }
    }

    /// All problems found; there is at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The seeds in which nothing is wrong, sorted by id, for a listing that shows what it can.
    #[must_use]
    pub fn readable_seeds(&self) -> &[SeedFile] {
        &self.readable_seeds
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem], Vec::new())
    }
}

fn one_per_line(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// What has to be a seed, in byte order of the names without `.rs`.
fn entries(folder: &Path, shown: &Path) -> Result<Vec<Entry>, String> {
    let listed = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // A link that leads nowhere exists, and someone meant something by it.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.is_symlink() => {
            return Ok(Vec::new());
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err("it is not a folder; name the folder that holds the seeds".to_owned());
        }
        Err(error) => return Err(format!("the folder cannot be read: {error}")),
    };
    let mut entries = Vec::new();
    for listed in listed {
        let listed = listed.map_err(|error| format!("the folder cannot be read: {error}"))?;
        entries.extend(entry(&listed, shown));
    }
    // Not by file name: "a-b.rs" sorts before "a.rs", and the id "a" before "a-b".
    entries.sort_by(|one, other| {
        let [one, other] = [one, other].map(|entry| entry.stem.as_encoded_bytes());
        one.cmp(other)
    });
    Ok(entries)
}

/// Also of the seeds in which something is wrong: that they are there is not in doubt.
fn ids(entries: &[Entry]) -> Vec<String> {
    let entries = entries.iter().filter(|entry| entry.fault.is_none());
    entries
        .filter_map(|entry| checked_id(&entry.stem).ok())
        .collect()
}

/// Finds out whether another file, of those asked about before, has the same skip flag.
fn flag_problem(
    entry: &Entry,
    shown: &Path,
    first_with_flag: &mut BTreeMap<String, PathBuf>,
) -> Option<Problem> {
    if entry.fault.is_some() {
        return None;
    }
    let flag = skip_flag(&checked_id(&entry.stem).ok()?);
    let file = shown.join(&entry.file_name);
    let Some(first) = first_with_flag.get(&flag) else {
        first_with_flag.insert(flag, file);
        return None;
    };
    let message = format!(
        "it has the same skip flag, {flag}, as {}; rename one of the two files",
        first.display()
    );
    Some(Problem::new(file, message))
}

/// Enough for all code that the compiler reads. Its own parser has 8 MiB for that; syn takes several times as much where
/// it is not optimised, as in most build scripts. What is not used takes no memory.
pub(crate) const STACK: usize = 64 * 1024 * 1024;

/// Calls a function for each entry, and gives the outputs in the order of the entries.
fn on_all_cores<Output: Send>(
    entries: &[Entry],
    function: impl Fn(&Entry) -> Output + Sync,
) -> io::Result<Vec<Output>> {
    /// To read so many files takes a multiple of the time that a thread takes to make.
    const WORTH_A_THREAD: usize = 16;

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = entries.len().div_ceil(cores).max(WORTH_A_THREAD);
    let function = &function;
    thread::scope(|scope| {
        let threads = entries.chunks(share).map(|entries| {
            let read = move || entries.iter().map(function).collect::<Vec<_>>();
            let thread = thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, read)
        });
        let threads = threads.collect::<io::Result<Vec<_>>>()?;
        let outputs = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok(outputs.flatten().collect())
    })
}

#[cfg(test)]
mod tests;
