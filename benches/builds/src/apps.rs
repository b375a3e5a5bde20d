//! Apps that differ in nothing but what brings their data forward.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::Kind;
use crate::{Outcome, files};

/// What an app has beside its database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    /// Nothing.
    Base,
    Kumiko,
    Sqlx,
    Refinery,
}

impl App {
    pub(crate) const ALL: [Self; 4] = [Self::Base, Self::Kumiko, Self::Sqlx, Self::Refinery];
    pub(crate) const WITH_FILES: [Self; 3] = [Self::Kumiko, Self::Sqlx, Self::Refinery];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base => "app with sqlx and tokio",
            Self::Kumiko => "with kumiko-seeds",
            Self::Sqlx => "with sqlx::migrate!",
            Self::Refinery => "with refinery",
        }
    }

    /// A folder of its own. Cargo refuses some characters that its name has.
    pub(crate) fn folder(self, parent: &Path) -> PathBuf {
        parent.join(match self {
            Self::Base => "base",
            Self::Kumiko => "kumiko",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
        })
    }

    /// The folder of its files, and what is in there.
    pub(crate) const fn files(self) -> Option<(&'static str, Kind)> {
        match self {
            Self::Base => None,
            Self::Kumiko => Some(("seeds", Kind::Seeds)),
            Self::Sqlx => Some(("migrations", Kind::SqlxMigrations)),
            Self::Refinery => Some(("migrations", Kind::RefineryMigrations)),
        }
    }

    /// The features of sqlx are those that kumiko-seeds asks for, so that the base has them, too.
    fn manifest(self) -> String {
        let root = root();
        let root = root.display();
        let migrations = match self {
            Self::Sqlx => ", \"migrate\", \"macros\"",
            _ => "",
        };
        let more = match self {
            Self::Base | Self::Sqlx => String::new(),
            Self::Kumiko => format!(
                "kumiko-seeds = {{ path = \"{root}/kumiko-seeds\", features = [\"postgres\"] }}\n\
                 [build-dependencies]\n\
                 kumiko-seeds-build = {{ path = \"{root}/kumiko-seeds-build\" }}\n"
            ),
            Self::Refinery => "tokio-postgres = \"0.7\"\n\
                 refinery = { version = \"0.10\", default-features = false, features = [\"tokio-postgres\"] }\n"
                .to_owned(),
        };
        format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             sqlx = {{ version = \"0.9\", default-features = false, features = [\
             \"runtime-tokio\", \"postgres\", \"chrono\", \"uuid\", \"json\"{migrations}] }}\n\
             tokio = {{ version = \"1\", default-features = false, features = [\"macros\", \"rt-multi-thread\"] }}\n\
             {more}"
        )
    }

    /// With the argument `stop` an app ends as soon as it runs.
    fn program(self) -> String {
        let (items, boot) = match self {
            Self::Base => ("", "let _ = pool;"),
            Self::Kumiko => (
                "kumiko_seeds::postgres::include_seeds!();",
                "kumiko_seeds::postgres::SeedRunner::new(SEEDS).apply(&pool).await?;",
            ),
            Self::Sqlx => ("", "sqlx::migrate!(\"./migrations\").run(&pool).await?;"),
            Self::Refinery => (
                "refinery::embed_migrations!(\"migrations\");",
                "let _ = pool;\n    \
                 let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;\n    \
                 tokio::spawn(connection);\n    \
                 migrations::runner().run_async(&mut client).await?;",
            ),
        };
        format!(
            "{items}\n\n#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
             if std::env::args().nth(1).as_deref() == Some(\"stop\") {{\n        return Ok(());\n    }}\n    \
             let url = std::env::var(\"DATABASE_URL\")?;\n    \
             let pool = sqlx::PgPool::connect(&url).await?;\n    {boot}\n    Ok(())\n}}\n"
        )
    }

    /// The peers need one as well, to see a file that is new.
    fn build_script(self) -> Option<&'static str> {
        match self {
            Self::Base => None,
            Self::Kumiko => Some("fn main() {\n    kumiko_seeds_build::compile(\"seeds\");\n}\n"),
            Self::Sqlx | Self::Refinery => {
                Some("fn main() {\n    println!(\"cargo::rerun-if-changed=migrations\");\n}\n")
            }
        }
    }

    /// Writes the app with this many files.
    pub(crate) fn write(self, folder: &Path, count: usize) -> Outcome<()> {
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("Cargo.toml"), self.manifest())?;
        fs::write(folder.join("src/main.rs"), self.program())?;
        if let Some(script) = self.build_script() {
            fs::write(folder.join("build.rs"), script)?;
        }
        if let Some((name, kind)) = self.files() {
            files::fill(&folder.join(name), kind, count)?;
        }
        // The versions that this workspace is tested with; cargo adds those of the peers.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(())
    }
}

/// The workspace whose libraries are measured.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Cargo as a user starts it: nothing is left of the cargo that runs this program.
pub(crate) fn cargo(folder: &Path, words: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(words).current_dir(folder);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command
}
