//! Which database a command works on.

mod env_file;
mod place;
mod sqlite_path;

use std::path::Path;

use kumiko_seeds::cli::{DatabaseArguments, DatabaseUrl, Failure};

use crate::arguments::shell_word;
use crate::package::Member;
use crate::shown_path::shown_path;
use place::{Look, Place};

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
    let mut failure = Failure::new(format!(
        "no database is configured for package {}",
        member.name()
    ))
    .help(format!(
        "name it for this shell, or for good:\n    \
         export DATABASE_URL=postgres://user:password@localhost/database\n    \
         echo DATABASE_URL=sqlite:app.db >> {}",
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
            Look::Found(url) => return Ok(Ok(url)),
            Look::Miss(miss) => misses.push(miss),
        }
    }
    Ok(Err(misses))
}

fn places<'a>(arguments: &'a DatabaseArguments, member: &'a Member) -> Vec<Place<'a>> {
    let mut places = vec![
        Place::Flag(arguments.database_url.as_deref()),
        Place::Variable(std::env::var_os("DATABASE_URL")),
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
