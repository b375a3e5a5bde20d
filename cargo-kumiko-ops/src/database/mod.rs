//! Which database a command works on.

mod either;
mod env_file;

use std::path::{Path, PathBuf};

use kumiko_seeds_cli::{DatabaseArguments, DatabaseUrl, Failure, Look, shell_word};

use crate::package::{Database, Member};
use crate::shown::shown_path;
pub(crate) use either::{change_by_hand, print_status_of_each, read_history, steer};

/// Finds the database: the flag, the variable, `.env` beside the package and at the root of the
/// workspace, the settings of the package. The first that names one wins.
pub(crate) fn find(
    arguments: &DatabaseArguments,
    member: &Member,
    current: &Path,
) -> Result<DatabaseUrl, Failure> {
    let misses = match look(arguments, member, current)? {
        Ok(url) => return Ok(url),
        Err(misses) => misses,
    };
    let env_file = shown_path(&member.folder().join(".env"), current);
    let url = match member.database() {
        Database::Sqlite => format!("sqlite:{}.db?mode=rwc", member.name()),
        Database::Postgres => "postgres://user:password@host:port/database".to_owned(),
    };
    let mut failure = Failure::new(format!(
        "no database is configured for package {}",
        member.name()
    ))
    .help(format!(
        "name it for this shell, or for good:\n    \
         export DATABASE_URL={}\n    \
         echo {} >> {}",
        shell_word(&url),
        shell_word(&format!("DATABASE_URL={url}")),
        shell_word(&env_file.to_string_lossy())
    ));
    failure.notes = misses;
    Err(failure)
}

/// Finds the database as [`find`] does, or none where none is configured anywhere.
pub(crate) fn find_configured(
    arguments: &DatabaseArguments,
    member: &Member,
    current: &Path,
) -> Result<Option<DatabaseUrl>, Failure> {
    look(arguments, member, current).map(Result::ok)
}

/// The first database that is named, or else why each place has none.
fn look(
    arguments: &DatabaseArguments,
    member: &Member,
    current: &Path,
) -> Result<Result<DatabaseUrl, Vec<String>>, Failure> {
    let mut misses = Vec::new();
    for place in places(arguments, member) {
        match place.look(current)? {
            Look::Found(url) => {
                check_kind(&url, member)?;
                return Ok(Ok(url));
            }
            Look::Miss(miss) => misses.push(miss),
        }
    }
    Ok(Err(misses))
}

/// Fails if the package uses the library for the other kind of database alone: the ops binary would refuse the URL.
fn check_kind(url: &DatabaseUrl, member: &Member) -> Result<(), Failure> {
    let Some(library) = member.library() else {
        return Ok(());
    };
    let features: Vec<&str> = member.features_of(library).into_iter().collect();
    url.check_kind(&format!("package {}", member.name()), &features)
}

fn places<'a>(arguments: &'a DatabaseArguments, member: &'a Member) -> Vec<Place<'a>> {
    let mut places = vec![
        Place::Flag(arguments),
        Place::Variable,
        Place::EnvFile(member.folder().join(".env")),
    ];
    if member.workspace_root != member.folder() {
        places.push(Place::EnvFile(member.workspace_root.join(".env")));
    }
    places.push(Place::Settings {
        manifest: member.manifest(),
        url: member.settings.database_url.as_deref(),
    });
    places
}

/// A place, with what is in it where that is known already.
enum Place<'a> {
    Flag(&'a DatabaseArguments),
    Variable,
    EnvFile(PathBuf),
    Settings {
        manifest: &'a Path,
        url: Option<&'a str>,
    },
}

impl Place<'_> {
    /// Fails where something is there that cannot be understood: going on to the next place might end
    /// in another database than the one that is meant.
    fn look(self, current: &Path) -> Result<Look, Failure> {
        match self {
            Self::Flag(arguments) => Look::at_flag(arguments),
            Self::Variable => Look::at_variable(),
            Self::EnvFile(path) => match env_file::database_url(&path)? {
                Ok(url) => in_file(&url, &path, current),
                Err(reason) => Ok(Look::Miss(format!("{} {reason}", path.display()))),
            },
            Self::Settings { manifest, url } => match url {
                Some(url) if !url.trim().is_empty() => in_file(url, manifest, current),
                _ => Ok(Look::Miss(format!(
                    "{} has no database-url in [package.metadata.kumiko-ops]",
                    manifest.display()
                ))),
            },
        }
    }
}

/// A URL that stands in a file. A relative path in it starts at the file's folder, since the file says
/// the same wherever it is read from.
fn in_file(url: &str, file: &Path, current: &Path) -> Result<Look, Failure> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let source = shown_path(file, current).display().to_string();
    let url = DatabaseUrl::read(url, source)?.starting_at(folder);
    Ok(Look::Found(url))
}
