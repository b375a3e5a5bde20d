use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A package with a build script and no seeds yet, in a folder of its own. It stands in for the runtime crate
/// with the few types that the generated file names, so that it builds without the driver of a database.
pub(crate) struct App {
    name: String,
    root: PathBuf,
    target: PathBuf,
    variable: Option<(&'static str, &'static str)>,
    /// Removes the folder in the end.
    folder: Arc<TempDir>,
}

/// What one `cargo build` did.
pub(crate) struct Build {
    /// Whether the app itself was left as it was; `None` if the build did not get to it.
    pub(crate) fresh: Option<bool>,
    /// The standard error of Cargo, with the compiler's messages.
    pub(crate) messages: String,
}

impl App {
    /// **Invariant:** every test has a name of its own, because all apps are built into one folder.
    pub(crate) fn new(name: &str) -> Self {
        Self::with_build_script(name, "kumiko_seeds_build::compile(\"seeds\");")
    }

    /// In a folder of this name.
    pub(crate) fn in_folder(name: &str, folder: &str) -> Self {
        Self::create(name, folder, "kumiko_seeds_build::compile(\"seeds\");")
    }

    pub(crate) fn with_build_script(name: &str, body: &str) -> Self {
        Self::create(name, "app", body)
    }

    fn create(name: &str, folder: &str, body: &str) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let app = Self {
            name: name.to_owned(),
            root: parent.path().join(folder),
            target: target(),
            variable: None,
            folder: Arc::new(parent),
        };
        let library = Path::new(env!("CARGO_MANIFEST_DIR"));
        app.write(
            "Cargo.toml",
            format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
                 [dependencies]\nkumiko-seeds-macros = {{ path = '{}' }}\n\n\
                 [build-dependencies]\nkumiko-seeds-build = {{ path = '{}' }}\n",
                library.join("../kumiko-seeds-macros").display(),
                library.display()
            ),
        );
        app.write("build.rs", format!("fn main() {{\n    {body}\n}}\n"));
        app.write("src/main.rs", include_str!("app_main.txt"));
        // The versions of the workspace are there without a network.
        fs::copy(library.join("../Cargo.lock"), app.root.join("Cargo.lock")).unwrap();
        app
    }

    /// With its build output in its own folder, as Cargo has it by default. The dependencies are compiled for it alone.
    pub(crate) fn with_target_inside(mut self) -> Self {
        self.target = self.path("target");
        self
    }

    /// With a variable in the environment of Cargo.
    pub(crate) fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variable = Some((name, value));
        self
    }

    /// A copy in another folder beside this one, with all time stamps and with the build output if that is inside.
    pub(crate) fn copied(&self, folder: &str) -> Self {
        let copy = self.at(folder);
        let status = Command::new("cp")
            .arg("-a")
            .args([&self.root, &copy.root])
            .status();
        assert!(status.unwrap().success());
        copy
    }

    /// The same app after its folder got another name.
    pub(crate) fn moved(self, folder: &str) -> Self {
        let moved = self.at(folder);
        fs::rename(&self.root, &moved.root).unwrap();
        moved
    }

    fn at(&self, folder: &str) -> Self {
        let root = self.folder.path().join(folder);
        let is_inside = self.target.starts_with(&self.root);
        Self {
            name: self.name.clone(),
            target: if is_inside {
                root.join("target")
            } else {
                self.target.clone()
            },
            root,
            variable: self.variable,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Gives a file or folder a time stamp from long ago, as a cache or an image layer may.
    pub(crate) fn make_old(&self, path: &str) {
        let file = fs::File::open(self.path(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000))
            .unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn build(&self) -> Build {
        let output = self.cargo(&["build", "--message-format=json-render-diagnostics"]);
        let artifacts = String::from_utf8(output.stdout).unwrap();
        let fresh = artifacts
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|message| {
                message["reason"] == "compiler-artifact"
                    && message["target"]["name"] == self.name.as_str()
            })
            .map(|message| message["fresh"] == true);
        Build {
            fresh,
            messages: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Builds, which has to succeed, and tells whether the app was left as it was.
    pub(crate) fn is_fresh(&self) -> bool {
        let build = self.build();
        build.fresh.unwrap_or_else(|| panic!("{}", build.messages))
    }

    /// Builds and runs the app, which prints its seeds one to a line.
    pub(crate) fn printed_seeds(&self) -> Vec<String> {
        let output = self.cargo(&["run", "--quiet"]);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{messages}");
        let printed = String::from_utf8(output.stdout).unwrap();
        printed.lines().map(str::to_owned).collect()
    }

    /// The errors of a build, which has to fail, without what Cargo puts around them.
    pub(crate) fn errors(&self) -> Vec<String> {
        let build = self.build();
        assert_eq!(build.fresh, None, "it was built");
        let prefix = format!("error: {}@0.1.0: ", self.name);
        let warning = format!("warning: {}@0.1.0: ", self.name);
        let (errors, rest): (Vec<&str>, Vec<&str>) = build
            .messages
            .lines()
            .partition(|line| line.starts_with(&prefix));
        // Nothing confusing follows: Cargo says once that the build script failed, and compiles nothing.
        let rest: Vec<&str> = rest
            .into_iter()
            .filter(|line| line.starts_with("error") || line.starts_with(&warning))
            .collect();
        assert_eq!(
            rest,
            ["error: build script logged errors"],
            "{}",
            build.messages
        );
        errors
            .into_iter()
            .map(|line| line.trim_start_matches(&prefix).to_owned())
            .collect()
    }

    /// The generated file of this app.
    pub(crate) fn generated_file(&self) -> PathBuf {
        let output = self.cargo(&["build", "--message-format=json"]);
        let out_dir = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|message| {
                message["reason"] == "build-script-executed"
                    && message["package_id"]
                        .as_str()
                        .is_some_and(|id| id.contains(&*self.root.to_string_lossy()))
            })
            .map(|message| PathBuf::from(message["out_dir"].as_str().unwrap()));
        out_dir.unwrap().join("kumiko_seeds.rs")
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        cargo()
            .args(arguments)
            .arg("--offline")
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            .envs(self.variable)
            .output()
            .unwrap()
    }
}

/// Cargo, without what the one that runs these tests has told them about their package: to some build
/// scripts that is an input.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let of_a_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if of_a_package.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// The folder that all apps are built into.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds-target")
}

/// A seed that is right, with one line of its own in the body of `run`.
pub(crate) fn seed(description: &str, line: &str) -> String {
    format!(
        "use crate::__kumiko_seeds::{{SeedContext, SeedResult}};\n\n\
         pub const DESCRIPTION: &str = {description:?};\n\n\
         pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult {{\n    {line}\n    Ok(())\n}}\n"
    )
}

/// A seed of many steps that is right, with lines of its own among its items.
pub(crate) fn seed_in_steps(items: &str, line: &str) -> String {
    format!(
        "use crate::__kumiko_seeds::{{Batch, BatchResult, CountResult, SeedContext}};\n\n\
         pub const DESCRIPTION: &str = \"In steps\";\npub type Cursor = i64;\n{items}\n\n\
         pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor> {{\n    \
         {line}\n    Ok(Batch(after.map_or(Some(7), |_| None), limit as usize))\n}}\n"
    )
}
