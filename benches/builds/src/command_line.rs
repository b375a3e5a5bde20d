//! Commands as whole processes, as a person or a pipeline waits for them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apps::{App, cargo, root};
use crate::files::Kind;
use crate::measure::{Ending, elapsed, median, run};
use crate::{Effort, Outcome, files, table};

const LIMIT: Duration = Duration::from_mins(30);
const SERVER: &str = "KUMIKO_TEST_POSTGRES_URL";

struct Row {
    name: String,
    command: Command,
    /// A file that the command makes, to be removed before it runs again.
    makes: Option<PathBuf>,
    times: Vec<Duration>,
}

impl Row {
    fn new(name: String, command: Command) -> Self {
        Self {
            name,
            command,
            makes: None,
            times: Vec::new(),
        }
    }
}

/// Tells the subcommand beside a client that asks the server for nothing, and beside a peer's.
pub(crate) fn measure(effort: Effort, chapter: &mut String) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let program = program()?;
    let server = env::var(SERVER).ok();
    let mut rows = Vec::new();
    if let Some(server) = &server {
        let mut client = Command::new("psql");
        client.args(["-X", "-c", "select 1", server]);
        rows.push(Row::new("psql -c 'select 1'".to_owned(), client));
    }
    let mut nothing = Command::new(&program);
    nothing.args(["kumiko-ops", "--version"]);
    rows.push(Row::new("--version".to_owned(), nothing));
    for count in effort.choose([10, 100], [100, 1_000]) {
        let project = folder.path().join(count.to_string());
        App::Kumiko.write(&project, 0)?;
        // One package for either database, since nothing of it is compiled here.
        let manifest = project.join("Cargo.toml");
        let of_postgres = fs::read_to_string(&manifest)?;
        let of_both = of_postgres.replace("[\"postgres\"]", "[\"postgres\", \"sqlite\"]");
        fs::write(&manifest, of_both)?;
        files::fill(&project.join("seeds"), Kind::Seeds, count)?;
        let file = folder.path().join(format!("{count}.db"));
        // An empty file is an empty database.
        fs::write(&file, "")?;
        let sqlite = Some(format!("sqlite:{}", file.display()));
        for (database, url) in [("PostgreSQL", &server), ("SQLite", &sqlite)] {
            let Some(url) = url else { continue };
            let mut status = subcommand(&program, &project, &["seed:status"]);
            status.env("DATABASE_URL", url);
            rows.push(Row::new(
                format!("seed:status, {count} seeds, {database}"),
                status,
            ));
        }
        if let (Some(server), Some(mut info)) = (&server, sqlx()) {
            let migrations = project.join("migrations");
            files::fill(&migrations, Kind::SqlxMigrations, count)?;
            info.args(["migrate", "info", "--database-url", server, "--source"])
                .arg(migrations);
            rows.push(Row::new(
                format!("sqlx migrate info, {count} migrations, PostgreSQL"),
                info,
            ));
        }
        let words = ["seed:new", "measured", "--date", "2099-01-01"];
        let new = subcommand(&program, &project, &words);
        let mut new = Row::new(format!("seed:new, {count} seeds"), new);
        new.makes = Some(project.join("seeds/2099-01-01-measured.rs"));
        rows.push(new);
        let metadata = cargo(&project, &["metadata", "--no-deps", "--format-version=1"]);
        rows.push(Row::new(
            format!("cargo metadata --no-deps, {count} seeds"),
            metadata,
        ));
    }
    for round in 0..effort.choose(3, 21) {
        eprintln!("round {}", round + 1);
        for row in &mut rows {
            if let Some(file) = &row.makes {
                fs::remove_file(file).ok();
            }
            row.times.push(elapsed(&mut row.command)?);
        }
    }
    append(chapter, rows);
    Ok(())
}

/// The command of sqlx-cli, if that is installed.
fn sqlx() -> Option<Command> {
    let version = Command::new("sqlx").arg("--version").output().ok()?;
    version.status.success().then(|| Command::new("sqlx"))
}

fn append(chapter: &mut String, rows: Vec<Row>) {
    let mut base = None;
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| {
            let time = median(row.times);
            let base = *base.get_or_insert(time);
            vec![row.name, table::time(time), table::ratio(time, base)]
        })
        .collect();
    table::append(
        chapter,
        "Command line",
        &["command", "time", "ratio to the first row"],
        &rows,
        "Medians of interleaved runs of whole processes, built with optimisation. The seeds are pending. \
         `cargo metadata` is a part of both commands: it tells them where the package is. `sqlx migrate info` is \
         measured where sqlx-cli is installed; it is told where its files are, and its migrations are pending, too.",
    );
}

/// The subcommand without cargo in front, which adds the same to each subcommand there is.
fn subcommand(program: &Path, project: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg("kumiko-ops").args(words).current_dir(project);
    command
}

fn program() -> Outcome<PathBuf> {
    eprintln!("building the subcommand");
    let folder =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut build = cargo(
        &root(),
        &["build", "--release", "--locked", "-p", "cargo-kumiko-ops"],
    );
    build.arg("--target-dir").arg(&folder);
    match run(&build, LIMIT)? {
        Ending::Done(..) => Ok(folder.join("release/cargo-kumiko-ops")),
        Ending::Cut => Err("the subcommand was not built in time".into()),
    }
}
