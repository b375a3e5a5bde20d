use std::env;
use std::path::{Path, PathBuf};

use crate::generate::generate;
use crate::output::write_if_changed;
use crate::scan::scan_shown_as;
use crate::source_folder::SourceFolder;
use crate::watch::watched_instead;
use crate::{Compiled, Error, Problem, SeedFile};

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
        let package = package_folder()?;
        let out_dir = out_dir()?;
        let output = out_dir.join(plain_file_name(&self.output)?);
        let shown = self.folder.strip_prefix(&package).unwrap_or(&self.folder);
        let shown_text = one_line_of_text(shown)?;
        let folder = package.join(&self.folder);

        let scanned = scan_shown_as(&folder, shown);
        watch(&folder, shown, &scanned, &out_dir);
        let seeds = scanned?;
        let code = generate(
            shown_text,
            &SourceFolder::of(&folder, &package, &out_dir)?,
            &seeds,
        )?;
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

/// Names what to watch: the folder, for files that come and go, and each seed in it.
fn watch(folder: &Path, shown: &Path, scanned: &Result<Vec<SeedFile>, Error>, out_dir: &Path) {
    if !folder.exists() {
        build_helper::rerun_if_changed(watched_if_missing(folder, shown, out_dir));
        return;
    }
    build_helper::rerun_if_changed(shown);
    let seeds = match scanned {
        Ok(seeds) => seeds,
        Err(error) => error.readable_seeds(),
    };
    for seed in seeds {
        if let Some(file_name) = seed.path.file_name() {
            build_helper::rerun_if_changed(shown.join(file_name));
        }
    }
}

/// What to watch for a folder that is missing. The build output may be in a folder that cannot be named to Cargo.
fn watched_if_missing(folder: &Path, shown: &Path, out_dir: &Path) -> PathBuf {
    let watched = watched_instead(folder, out_dir);
    match one_line_of_text(&watched) {
        Ok(_) => watched,
        Err(_) => shown.to_owned(),
    }
}

/// `build_helper` panics if Cargo has not set a variable, so each is looked at before.
fn package_folder() -> Result<PathBuf, Problem> {
    match env::var("CARGO_MANIFEST_DIR") {
        Ok(_) => Ok(build_helper::cargo::manifest::dir()),
        Err(env::VarError::NotPresent) => Err(outside_of_cargo("CARGO_MANIFEST_DIR")),
        Err(env::VarError::NotUnicode(path)) => Err(Problem::new(path, NOT_TEXT)),
    }
}

fn out_dir() -> Result<PathBuf, Problem> {
    match env::var_os("OUT_DIR") {
        Some(_) => Ok(build_helper::out_dir()),
        None => Err(outside_of_cargo("OUT_DIR")),
    }
}

fn outside_of_cargo(variable: &str) -> Problem {
    Problem::new(
        "build.rs",
        format!("the environment variable {variable} is not set; let Cargo run the build script"),
    )
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

const NOT_TEXT: &str =
    "the path is not UTF-8, and the compiler cannot be pointed to it; rename the folder";

/// **Invariant:** what is printed as a directive for Cargo, or written into the generated file's first line, has
/// no line break.
fn one_line_of_text(folder: &Path) -> Result<&str, Problem> {
    let text = folder
        .to_str()
        .ok_or_else(|| Problem::new(folder, NOT_TEXT))?;
    if text.contains(char::is_control) {
        let message = "the path contains a control character; rename the folder";
        return Err(Problem::new(folder, message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_line_break_above_the_build_output_gives_cargo_no_directive() {
        let folder = tempfile::tempdir().unwrap();
        for (name, is_named) in [("out", cfg!(unix)), ("a\ncargo::error=b", false)] {
            let out_dir = folder.path().join(name);
            let missing = folder.path().join("seeds");
            let watched = watched_if_missing(&missing, Path::new("seeds"), &out_dir);
            assert_eq!(watched.starts_with(&out_dir), is_named, "{watched:?}");
            assert_eq!(watched == Path::new("seeds"), name != "out", "{watched:?}");
        }
    }
}
