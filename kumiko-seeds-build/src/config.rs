use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::generate::generate;
use crate::manifest::{known_environments, nearest_manifest};
use crate::scan::scan_shown_as;
use crate::source_folder::SourceFolder;
use crate::{Error, Problem, SeedFile};

/// The environment variable that makes the build script of an app run again: any other value than before does,
/// and the app is compiled with the seeds as they are.
///
/// Cargo goes by time stamps, and runs the script only if a seed or its folder is newer than the last run. Where
/// checkouts, caches or the layers of images bring old times, give it what changes with the sources:
/// `KUMIKO_SEEDS_REBUILD=$(git rev-parse HEAD) cargo build`.
pub const REBUILD_VARIABLE: &str = "KUMIKO_SEEDS_REBUILD";

/// Compiles a folder of seeds; the one call an app's `build.rs` needs.
///
/// It is short for [`Config::new`] with this [`folder`](Config::folder) and [`Config::compile`].
///
/// ```no_run
/// kumiko_seeds_build::compile("seeds");
/// ```
pub fn compile(folder: impl AsRef<Path>) {
    Config::new().folder(folder).compile();
}

/// What to compile and where to, for apps that need something other than [`compile`] does.
#[derive(Debug, Clone)]
pub struct Config {
    folder: PathBuf,
    output: String,
}

impl Config {
    /// The folder `seeds` of the package, compiled to `kumiko_seeds.rs`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            folder: PathBuf::from("seeds"),
            output: "kumiko_seeds.rs".to_owned(),
        }
    }

    /// The folder that holds the seeds: absolute, or relative to the package's `Cargo.toml`. Default: `seeds`.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        folder.as_ref().clone_into(&mut self.folder);
        self
    }

    /// The name of the generated file in Cargo's output folder. Default: `kumiko_seeds.rs`, which is where the
    /// macro `include_seeds!` looks. Anything but a plain file name is an error when compiling.
    #[must_use]
    pub fn output(mut self, file_name: impl Into<String>) -> Self {
        self.output = file_name.into();
        self
    }

    /// Compiles the seeds and reports every problem to Cargo, which shows them and fails the build before it
    /// compiles the app. It does not panic and does not end the build script.
    pub fn compile(&self) {
        if let Err(error) = self.try_compile() {
            for problem in error.problems() {
                println!("cargo::error={problem}");
            }
        }
    }

    /// As [`compile`](Config::compile), but hands the problems to the caller and does not report them.
    ///
    /// It tells Cargo what to watch either way. On success the generated file has been written, unless it had
    /// the right content already; on failure it is as it was.
    pub fn try_compile(&self) -> Result<Compiled, Error> {
        let package = folder_from_cargo("CARGO_MANIFEST_DIR", build_helper::cargo::manifest::dir)?;
        let out_dir = folder_from_cargo("OUT_DIR", build_helper::out_dir)?;
        let output = out_dir.join(plain_file_name(&self.output)?);
        let shown = self.folder.strip_prefix(&package).unwrap_or(&self.folder);
        text_of(&package)?;
        let shown_text = one_line_of_text(shown)?;
        let folder = package.join(&self.folder);

        let known = watched_environments(&folder, &package);
        let scanned = match (there_is_no(&folder, shown_text, &package), &known) {
            (Some(problem), _) => Err(problem.into()),
            (None, Ok(known)) => scan_shown_as(&folder, shown, known),
            (None, Err(problem)) => Err(problem.clone().into()),
        };
        watch(&folder, shown, &scanned);
        let seeds = scanned?;
        let source_folder = SourceFolder::of(&folder, &package, &out_dir);
        let code = generate(shown_text, &source_folder, &seeds)?;
        write_if_changed(&output, &code).map_err(|error| {
            Problem::new(
                &output,
                format!("the generated file cannot be written: {error}"),
            )
        })?;
        Ok(Compiled { seeds, output })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

/// What [`Config::try_compile`] has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compiled {
    /// The seeds in the generated array, sorted by id.
    pub seeds: Vec<SeedFile>,
    /// The generated file.
    pub output: PathBuf,
}

/// The environments that there are, from a Cargo.toml that Cargo is told to watch.
fn watched_environments(folder: &Path, package: &Path) -> Result<Vec<String>, Problem> {
    let Some(manifest) = nearest_manifest(folder) else {
        return Ok(Vec::new());
    };
    let shown = manifest.strip_prefix(package).unwrap_or(&manifest);
    if one_line_of_text(shown).is_ok() {
        build_helper::rerun_if_changed(shown);
    }
    known_environments(&manifest, shown)
}

/// Names what to watch: the folder, for files that come and go, each seed in it, and what these include.
fn watch(folder: &Path, shown: &Path, scanned: &Result<Vec<SeedFile>, Error>) {
    println!("cargo::rerun-if-env-changed={REBUILD_VARIABLE}");
    build_helper::rerun_if_changed(shown);
    let seeds = match scanned {
        Ok(seeds) => seeds,
        Err(error) => error.readable_seeds(),
    };
    let files = seeds
        .iter()
        .flat_map(|seed| [&seed.path].into_iter().chain(&seed.included));
    let files: BTreeSet<&PathBuf> = files.collect();
    for file in files {
        let file = file
            .strip_prefix(folder)
            .map_or_else(|_| file.clone(), |file| shown.join(file));
        if one_line_of_text(&file).is_ok() {
            build_helper::rerun_if_changed(file);
        }
    }
}

/// A folder that is named and is not there has another name, or was empty and is not in the checkout for that.
fn there_is_no(folder: &Path, shown: &str, package: &Path) -> Option<Problem> {
    if folder.exists() || folder.is_symlink() {
        return None;
    }
    let usual = "seeds";
    let message = if shown != usual && package.join(usual).is_dir() {
        format!("there is no such folder, but there is {usual}; correct the name in build.rs")
    } else {
        format!(
            "there is no such folder; create it, or correct the name in build.rs: \
             mkdir -p {shown} && touch {shown}/.gitkeep (git keeps no empty folder)"
        )
    };
    Some(Problem::new(shown, message))
}

/// A folder that Cargo names in `variable`. `build_helper` panics where it does not, or not in Unicode.
fn folder_from_cargo(variable: &str, folder: fn() -> PathBuf) -> Result<PathBuf, Problem> {
    match env::var_os(variable) {
        Some(path) if path.to_str().is_none() => Ok(path.into()),
        Some(_) => Ok(folder()),
        None => Err(Problem::new(
            "build.rs",
            format!(
                "the environment variable {variable} is not set; let Cargo run the build script"
            ),
        )),
    }
}

fn plain_file_name(name: &str) -> Result<&str, Problem> {
    let is_plain = Path::new(name)
        .file_name()
        .is_some_and(|plain| plain == name)
        && !name.contains(['/', '\\', ':'])
        && !name.contains(char::is_control);
    if is_plain {
        return Ok(name);
    }
    let message = format!(
        "the output {name:?} is not a plain file name; write for example `.output(\"kumiko_seeds.rs\")`"
    );
    Err(Problem::new("build.rs", message))
}

/// **Invariant:** what is printed as a directive for Cargo, or written into the generated file's first line, has
/// no line break.
fn one_line_of_text(folder: &Path) -> Result<&str, Problem> {
    let text = text_of(folder)?;
    if text.contains(char::is_control) {
        let message = "the path contains a control character; rename the folder";
        return Err(Problem::new(folder, message));
    }
    Ok(text)
}

fn text_of(folder: &Path) -> Result<&str, Problem> {
    let message =
        "the path is not UTF-8, and the compiler cannot be pointed to it; rename the folder";
    folder.to_str().ok_or_else(|| Problem::new(folder, message))
}

/// Writes a file unless it has this content already, so that its time stamp changes only with its content.
pub(crate) fn write_if_changed(path: &Path, content: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == content.as_bytes()) {
        return Ok(());
    }
    fs::write(path, content)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::SystemTime;

    use super::*;

    #[test]
    fn leaves_a_file_with_the_same_content_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.rs");
        write_if_changed(&path, "one").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();

        write_if_changed(&path, "one").unwrap();
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(modified(), SystemTime::UNIX_EPOCH);

        write_if_changed(&path, "two").unwrap();
        assert_ne!(modified(), SystemTime::UNIX_EPOCH);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
