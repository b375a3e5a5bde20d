//! A package of a test's own, and the program run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kumiko_seeds_testing::without_package;
use tempfile::TempDir;

use crate::program::{cargo, program, settings, target, workspace};
use crate::transcript::transcript;

/// A package, or a workspace of packages.
pub(crate) struct App {
    root: PathBuf,
    /// Removes the folder in the end, if it is a temporary one.
    _folder: Option<TempDir>,
}

impl App {
    /// An empty folder that lies in no package.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            // The program shows paths without symbolic links.
            root: folder.path().canonicalize().unwrap(),
            _folder: Some(folder),
        }
    }

    /// A copy of a folder of `fixtures`. It is not meant to be compiled.
    pub(crate) fn fixture(name: &str) -> Self {
        let app = Self::empty();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("command_line/fixtures");
        copy(&fixtures.join(name), &app.root);
        app
    }

    /// A copy of the example `admin-roles` with the seeds that its boot applies, and without the one in the background.
    ///
    /// **Invariant:** every test has a name of its own, as for [`App::whole_example`].
    pub(crate) fn example(name: &str) -> Self {
        let app = Self::whole_example(name);
        app.remove("seeds/2026-06-15-default-role.rs");
        app
    }

    /// A copy of the example `admin-roles` that can be compiled.
    ///
    /// **Invariant:** every test has a name of its own, which becomes that of the package: Cargo takes
    /// packages of one name for the same, wherever they are, since all are built into one folder. The
    /// copy is in the same place in every run, so that what is built for it does not pile up.
    pub(crate) fn whole_example(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("command-line-apps")
            .join(name);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        copy(&workspace().join("examples/admin-roles"), &root);
        for leftover in [
            "admin-roles.db",
            "admin-roles.db-shm",
            "admin-roles.db-wal",
            "outbox.txt",
        ] {
            drop(fs::remove_file(root.join(leftover)));
        }
        // One package that is its own workspace, with all that it takes from the one it comes from.
        let package = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let package = package
            .replace("\"admin-roles\"", &format!("\"{name}\""))
            .replace("[features]", "[lib]\nname = \"admin_roles\"\n\n[features]");
        let shared = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
        let (_, shared) = shared.split_once("\n[workspace.package]").unwrap();
        let libraries = [
            "kumiko-seeds",
            "kumiko-seeds-build",
            "kumiko-seeds-cli",
            "kumiko-seeds-testing",
        ];
        let shared = libraries
            .into_iter()
            .fold(shared.to_owned(), |shared, library| {
                let path = format!("path = \"{library}\"");
                assert!(shared.contains(&path), "no {path} in Cargo.toml");
                let absolute = format!("path = '{}'", workspace().join(library).display());
                shared.replace(&path, &absolute)
            });
        // One build of the driver serves the apps of either database.
        let driver = "sqlx = { version = \"0.9\", default-features = false";
        assert!(shared.contains(driver), "no {driver} in Cargo.toml");
        let both = format!("{driver}, features = [\"postgres\", \"sqlite-bundled\"]");
        let shared = shared.replace(driver, &both);
        let manifest = format!("{package}\n[workspace]\n\n[workspace.package]{shared}");
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        // The versions that are there without a network.
        fs::copy(workspace().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        Self {
            root: root.canonicalize().unwrap(),
            _folder: None,
        }
    }

    /// What `cargo new` makes, with the versions that are there without a network.
    ///
    /// **Invariant:** the name is that of no other test's app, as for [`App::example`].
    pub(crate) fn new_package(name: &str, kind: &str) -> Self {
        let apps = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-line-apps");
        let root = apps.join(name);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        // Below the folder of this workspace `cargo new` would make it a member.
        let elsewhere = tempfile::tempdir().unwrap();
        let output = cargo()
            .args(["new", "--quiet", "--vcs", "none", kind, name])
            .current_dir(&elsewhere)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        copy(&elsewhere.path().join(name), &root);
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        fs::write(
            root.join("Cargo.toml"),
            format!("{manifest}\n[workspace]\n"),
        )
        .unwrap();
        fs::copy(workspace().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        Self {
            root: root.canonicalize().unwrap(),
            _folder: None,
        }
    }

    /// An empty folder for a package that is written here and compiled, with the versions that are there
    /// without a network.
    ///
    /// **Invariant:** the name of the package is that of no other test's app, as for [`App::example`].
    pub(crate) fn folder(name: &str) -> Self {
        let apps = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command-line-apps");
        let root = apps.join(name);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        fs::create_dir_all(&root).unwrap();
        fs::copy(workspace().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        Self {
            root: root.canonicalize().unwrap(),
            _folder: None,
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "no {from:?} in {path}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// The program in the folder of the app. The words of `line` are its arguments.
    pub(crate) fn command(&self, line: &str) -> Call<'_> {
        self.call(line.split_whitespace())
    }

    /// The program in the folder of the app, with these arguments.
    pub(crate) fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call<'_> {
        self.start(program(), arguments)
    }

    /// Builds the example's own ops binary and keeps it in the folder of the app: the next app that is
    /// built has one of the same name.
    pub(crate) fn build_ops_binary(&self) {
        let _guard = target_guard();
        let status = cargo()
            .args(["build", "--quiet", "--bin", "admin-roles-ops"])
            .current_dir(&self.root)
            .envs(settings())
            .status()
            .unwrap();
        assert!(status.success(), "the ops binary does not build");
        let name = format!("admin-roles-ops{}", std::env::consts::EXE_SUFFIX);
        fs::copy(target().join("debug").join(name), self.path("ops-binary")).unwrap();
    }

    /// What a test of the app printed, on a machine where nothing is set up for it.
    pub(crate) fn cargo_test(&self, test: &str) -> String {
        self.cargo_test_on(test, "")
    }

    /// As [`App::cargo_test`], with a PostgreSQL server to create databases on.
    pub(crate) fn cargo_test_on(&self, test: &str, server: &str) -> String {
        let _guard = target_guard();
        let mut command = cargo();
        command
            .args(["test", "--quiet", "--test", test])
            .current_dir(&self.root)
            .envs(settings())
            .env_remove("DATABASE_URL")
            .env_remove("TEST_DATABASE_URL");
        if !server.is_empty() {
            command.env("TEST_DATABASE_URL", server);
        }
        let output = command.output().unwrap();
        let streams = [output.stdout, output.stderr];
        streams
            .map(|stream| String::from_utf8(stream).unwrap())
            .concat()
    }

    /// A line of Cargo's own that the program shows, pasted in the folder of the app. Gives what it prints to stdout.
    pub(crate) fn paste(&self, line: &str) -> String {
        let words = line.strip_prefix("cargo ").unwrap().split_whitespace();
        let output = cargo()
            .args(words)
            .current_dir(&self.root)
            .envs(settings())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A script of the shell in the folder of the app, which finds the program as Cargo's subcommand.
    pub(crate) fn script(&self, script: &str) -> Output {
        let _guard = target_guard();
        self.shell(script).output().unwrap()
    }

    /// A line of the shell that ends in an app that serves, on a free port.
    pub(crate) fn serve(&self, line: &str) -> Server {
        let _guard = target_guard();
        let mut shell = self.shell(&format!("exec 2>&1\nexec {line}"));
        let shell = shell.env("PORT", "0").stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut server = Server {
            output: BufReader::new(child.stdout.take().unwrap()),
            address: String::new(),
            shown: String::new(),
            child,
        };
        while server.address.is_empty() {
            let begin = server.shown.len();
            let length = server.output.read_line(&mut server.shown).unwrap();
            assert!(length > 0, "{}", server.shown);
            if let Some(address) = server.shown[begin..].strip_prefix("listening on http://") {
                address.trim_end().clone_into(&mut server.address);
            }
        }
        server
    }

    fn shell(&self, script: &str) -> Command {
        let here = std::env::var_os("PATH").unwrap_or_default();
        let program = program().parent().unwrap().to_owned();
        let folders = std::iter::once(program).chain(std::env::split_paths(&here));
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .current_dir(&self.root)
            .envs(settings())
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env_remove("CI")
            .env_remove("DATABASE_URL");
        shell
    }

    /// The ops binary that was built, with these words as arguments.
    pub(crate) fn ops_binary(&self, line: &str) -> Call<'_> {
        self.start(&self.path("ops-binary"), line.split_whitespace())
    }

    /// The ops binary of an app with seeds of many steps, which the tests bring.
    pub(crate) fn ops_of_steps(&self, line: &str) -> Call<'_> {
        let program = Path::new(env!("CARGO_BIN_EXE_ops-of-steps"));
        self.start(program, line.split_whitespace())
    }

    /// The ops binary of an app with projections, which the tests bring.
    pub(crate) fn ops_of_wallets(&self, line: &str) -> Call<'_> {
        let program = Path::new(env!("CARGO_BIN_EXE_ops-of-wallets"));
        self.start(program, line.split_whitespace())
    }

    /// The same with words that may have spaces.
    pub(crate) fn ops_of_wallets_with<'a>(
        &self,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Call<'_> {
        self.start(Path::new(env!("CARGO_BIN_EXE_ops-of-wallets")), words)
    }

    fn start<'a>(&self, program: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Call<'_> {
        let mut command = Command::new(program);
        without_package(&mut command);
        command
            .args(arguments)
            .current_dir(&self.root)
            .envs(settings())
            .env_remove("CI")
            .env_remove("DATABASE_URL");
        Call { app: self, command }
    }
}

/// An app that serves until this is dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    /// What was to be seen until it served.
    pub(crate) shown: String,
    child: Child,
    /// Whoever writes into a pipe that nobody reads is ended.
    output: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failure means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One run of the program, to be started.
pub(crate) struct Call<'a> {
    app: &'a App,
    command: Command,
}

impl Call<'_> {
    /// In a folder below the app's.
    pub(crate) fn from(mut self, folder: &str) -> Self {
        self.command.current_dir(self.app.path(folder));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// A variable that need not be text.
    pub(crate) fn variable_of_the_system(
        mut self,
        name: impl AsRef<OsStr>,
        value: impl AsRef<OsStr>,
    ) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_variable(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What there was to see: exit code, stdout, stderr.
    pub(crate) fn run(self) -> String {
        let app = self.app.root.clone();
        transcript(&self.output(), &[(&app, "[app]"), (&target(), "[target]")])
    }

    /// As [`Call::run`], at the same time as other calls. For commands that build nothing.
    pub(crate) fn run_beside_others(mut self) -> String {
        let output = self.command.output().unwrap();
        transcript(&output, &[(&self.app.root, "[app]")])
    }

    /// As [`Call::run`], with something done to the program while it runs.
    pub(crate) fn run_attended(self, attend: impl FnOnce(Child) -> Output) -> String {
        transcript(&self.output_attended(attend), &[])
    }

    /// As [`Call::output`], with something done while the program runs.
    pub(crate) fn output_attended(mut self, attend: impl FnOnce(Child) -> Output) -> Output {
        let _guard = target_guard();
        let command = self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        attend(command.spawn().unwrap())
    }

    /// What was written to stdout.
    pub(crate) fn stdout(self) -> String {
        String::from_utf8(self.output().stdout).unwrap()
    }

    /// Exit code and streams as they are.
    pub(crate) fn output(mut self) -> Output {
        let _guard = target_guard();
        self.command.output().unwrap()
    }
}

/// All apps are built into one folder, and their programs have one name.
fn target_guard() -> MutexGuard<'static, ()> {
    static TARGET: Mutex<()> = Mutex::new(());
    TARGET.lock().unwrap_or_else(PoisonError::into_inner)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
