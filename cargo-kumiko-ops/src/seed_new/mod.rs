//! `seed:new`: a seed's file, dated today, that fails until it is written.

mod content;
pub(crate) mod context_module;
mod existing;
mod slug;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use chrono::Utc;
use kumiko_seeds::cli::{Exit, Failure};

use crate::arguments::NewArguments;
use crate::package;
use crate::package::Member;
use crate::shown_path::shown_path;
use existing::Existing;

/// Creates the file and prints its path.
pub(crate) fn run(
    arguments: &NewArguments,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Failure> {
    let slug = arguments.slug.join(" ");
    let again = |slug: &str| {
        format!(
            "cargo kumiko-ops seed:new {slug}{}",
            arguments.package.repeated()
        )
    };
    let id = slug::id(&slug, Utc::now().date_naive(), again)?;

    let current = package::current_folder()?;
    let command = format!("cargo kumiko-ops seed:new {slug}");
    let member = package::find(&arguments.package, &current, &command)?;
    let folder = member.seeds_folder();
    let path = folder.join(format!("{id}.rs"));
    let shown = shown_path(&path, &current);
    let existing = Existing::in_folder(&folder);
    let another_slug = || format!("choose another slug:\n    {}", again(&format!("{slug}-2")));
    if let Some(other) = existing.with_the_skip_flag_of(&id) {
        return Err(Failure::new(format!(
            "{id} would have the same skip flag as {other}, and the build would refuse both"
        ))
        .help(another_slug()));
    }

    let context_module = context_module::choose(&member, existing.last_source().as_deref());
    write_new(&path, &content::seed(&slug, &context_module)).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists && path.symlink_metadata().is_ok() {
            let message = format!("{} exists, and is left as it is", shown.display());
            return Failure::new(message).help(another_slug());
        }
        Failure::new(format!("could not create {}", shown.display())).caused_by(&error)
    })?;

    // The file is there, whether or not anyone reads about it.
    drop(writeln!(stdout, "{}", shown.display()));
    for note in notes(&existing, &id, &member, arguments) {
        drop(writeln!(stderr, "{note}"));
    }
    Ok(Exit::Fine)
}

/// Creates the file with its folder. **Invariant:** a file that exists is never written to, even one
/// that another process creates at the same moment.
fn write_new(path: &Path, content: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content.as_bytes()).inspect_err(|_| {
        // Half a seed is worse than none; the error that counts is the first one.
        drop(fs::remove_file(path));
    })
}

/// What to look at, and what to do next.
fn notes(existing: &Existing, id: &str, member: &Member, arguments: &NewArguments) -> Vec<String> {
    let name = member.name();
    let later = existing.last_after(id).map(|later| {
        format!("note: {later} has a later date; where it is applied, the new seed is out of order")
    });
    let package = arguments.package.repeated();
    let is_ready = member.library().is_some() && member.compiles_seeds();
    let unready = (!is_ready).then(|| {
        format!(
            "note: {name} does not compile its seeds in yet\n    cargo kumiko-ops init{package}"
        )
    });
    let next = format!(
        "next: write the seed, then\n    \
         cargo kumiko-ops seed:status{package}\n    \
         cargo kumiko-ops seed:apply{package}"
    );
    let notes = [later, unready, Some(next)];
    notes.into_iter().flatten().collect()
}
