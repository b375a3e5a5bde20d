//! `seed:new`: a seed's file that fails until it is written.

mod arguments;
mod content;
mod context_module;
mod editor;
mod environments;
mod existing;
mod slug;
mod template;
mod test_dependencies;
mod test_file;

use std::io::{self, Write};
use std::path::Path;

use chrono::{NaiveDate, Utc};
use kumiko_seeds_cli::{Exit, Failure, printable, printable_lines};

pub(crate) use arguments::{NewArguments, date};
pub(crate) use test_file::path as path_of_test;

use crate::package::{self, Member};
use crate::shown::shown_path;
use crate::text_file::create;
use content::Values;
use editor::Editor;
use existing::Existing;
use template::Template;

/// Creates the file, and a test where one is asked for, and prints their paths.
pub(crate) fn run(
    arguments: &NewArguments,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Failure> {
    let text = arguments.name.join(" ");
    let again = |name: &str, date: Option<&str>| {
        let date = date.map_or_else(String::new, |date| format!(" --date {date}"));
        let rest = arguments.repeated();
        format!("cargo kumiko-ops seed:new {name}{date}{rest}")
    };
    let slug = match &arguments.slug {
        Some(slug) => slug.clone(),
        None => slug::slug(&text, again)?,
    };
    // What to type for a seed of that slug and the title as it is.
    let named = |slug: &str| match arguments.slug {
        Some(_) => slug::beside(&text, slug),
        None => slug.to_owned(),
    };
    // What can be wrong is found before anything is created.
    let editor = arguments.edit.then(Editor::from_environment).transpose()?;

    let current = package::current_folder()?;
    let command = format!("cargo kumiko-ops seed:new {}", named(&slug));
    let member = package::find(&arguments.package, &current, &command)?;
    let folder = member.seeds_folder();
    let existing = Existing::in_folder(&folder);
    let today = Utc::now().date_naive();
    let date = arguments
        .date
        .unwrap_or_else(|| existing.date_of_next(&slug, today));
    let id = format!("{date}-{slug}");
    let given = arguments.date.map(|date| date.to_string());
    let other = again(&named(&format!("{slug}-2")), given.as_deref());
    let another_slug = format!("choose another slug:\n    {other}");
    if let Some(other) = existing.with_the_skip_flag_of(&id) {
        return Err(Failure::new(format!(
            "{id} would have the same skip flag as {other}, and the build would refuse both"
        ))
        .help(another_slug));
    }

    if let Some(release) = existing.release_of(&id) {
        return Err(Failure::new(format!(
            "{id} is the id of a seed that is retired since {release}, and databases may have it applied"
        ))
        .help(another_slug));
    }

    let context_module = context_module::choose(&member, existing.last_source().as_deref());
    let values = Values {
        id: &id,
        slug: &slug,
        text: &text,
        context_module: &context_module,
        library: &member.library_in_code(),
        writes: member.writes(),
    };
    let content = match template::read(&member, arguments.template(), &current)? {
        Template::Own(template) => content::from_template(&template, values),
        Template::BuiltIn => content::built_in(values),
        Template::BuiltInBatch => content::built_in_batch(values),
        Template::BuiltInMigration => content::built_in_migration(values),
    };
    let content = environments::put_into(content, &arguments.environments, &member)?;
    let mut notes = Vec::new();
    let mut files = vec![(folder.join(format!("{id}.rs")), content)];
    if arguments.test {
        let path = member.folder().join(test_file::path(&id));
        let (content, note) = test_file::content(&member, &id)?;
        files.push((path, content));
        notes.extend(note);
    }
    for (path, _) in &files {
        if path.symlink_metadata().is_ok() {
            return Err(exists(&shown_path(path, &current), &another_slug));
        }
    }
    for (path, content) in &files {
        let shown = shown_path(path, &current);
        create(path, content).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if path.symlink_metadata().is_ok() => {
                exists(&shown, &another_slug)
            }
            _ => Failure::new(format!("could not create {}", shown.display())).caused_by(&error),
        })?;
        // The file is there, whether or not anyone reads about it.
        let shown = shown.display().to_string();
        drop(writeln!(stdout, "{}", printable(&shown)));
    }
    if slug != text && arguments.slug.is_none() {
        let text = printable(&format!("{text:?}"));
        drop(writeln!(stderr, "note: {text} is named {slug}"));
    }
    if arguments.date.is_none() && date != today {
        notes.push(not_of_today(&existing, &format!("{today}-{slug}"), date));
    }
    notes.extend(to_know(&existing, &id, &member, &current, arguments));
    for note in notes {
        drop(writeln!(stderr, "{}", printable_lines(&note)));
    }
    if let (Some(editor), Some((path, _))) = (editor, files.first()) {
        editor.open(path, &shown_path(path, &current))?;
    }
    Ok(Exit::Fine)
}

fn exists(shown: &Path, another_slug: &str) -> Failure {
    Failure::new(format!("{} exists, and is left as it is", shown.display())).help(another_slug)
}

/// Why a seed has a later date than that of today, with which it would be `id`.
fn not_of_today(existing: &Existing, id: &str, date: NaiveDate) -> String {
    let last = existing.last_after(id).unwrap_or_default();
    format!(
        "note: its date is {date}, so that it comes after {last}; if it is to come before that, give it a date with --date"
    )
}

/// What to look at, and what to do next.
fn to_know(
    existing: &Existing,
    id: &str,
    member: &Member,
    current: &Path,
    arguments: &NewArguments,
) -> Vec<String> {
    let name = member.name();
    let later = existing.last_after(id).map(|later| {
        let date = "YYYY-MM-DD".len();
        let why = if later.get(..date) == id.get(..date) {
            "has the same date and sorts after it"
        } else {
            "has a later date"
        };
        format!("note: {later} {why}; where it is applied, the new seed is out of order")
    });
    let package = arguments.package.repeated();
    let test = if arguments.test {
        test_dependencies::missing(member, current, &package)
    } else {
        None
    };
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
    let notes = [later, unready, test, Some(next)];
    notes.into_iter().flatten().collect()
}
