//! Which database a command works on.

mod either;
mod env_file;
mod place;

use std::path::Path;

use kumiko_seeds_cli::{DatabaseArguments, DatabaseUrl, Failure, Look, shell_word};

use crate::package::{Database, Member};
use crate::shown_path::shown_path;
pub(crate) use either::{change_by_hand, read_history};
use place::Place;

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
