//! The module that brings seeds and write handlers together, and the library that shows it. Pure.

use std::path::Path;

use kumiko_ops_templates::{SEEDS, SEEDS_DATABASE_MODULE};
use kumiko_seeds::cli::Failure;

use super::database::Database;
use super::dependencies::library_name;
use super::library::{Declared, declares, has_public_seeds, with_module};
use super::plan::Plan;
use super::source::Source;
use super::state::{State, TextFile};

/// The module that has the function `seeds`, as a binary of the package names it.
pub(super) enum SeedsFunction {
    Known(String),
    Unknown,
}

/// Plans the module, if nothing brings in the seeds yet.
pub(super) fn plan(
    state: &State<'_>,
    database: Database,
    has_ops_binary: bool,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    match (&state.wiring, &state.library) {
        (None, None) => Ok(new_library(state, database, plan)),
        (None, Some(library)) => new_module(state, library, database, plan, shown),
        (Some(_), _) if has_ops_binary => Ok(SeedsFunction::Unknown),
        (Some(wiring), Some(library)) => existing(state, wiring, library, plan, shown),
        (Some(wiring), None) => Err(Failure::new(format!(
            "{} brings in the seeds, and package {} has no library to share them with its ops binary",
            shown(&wiring.path),
            state.member.name()
        ))
        .help("move it and what it needs to src/lib.rs, and run this again")),
    }
}

fn new_library(state: &State<'_>, database: Database, plan: &mut Plan) -> SeedsFunction {
    let name = state.member.name();
    let sources = state.member.folder().join("src");
    let content = format!("//! What the binaries of {name} share.\n\npub mod seeds;\n");
    plan.create(sources.join("lib.rs"), content);
    plan.create(sources.join("seeds.rs"), module(state, database));
    plan.notes.push(format!(
        "package {name} gets a library, since its binaries share the seeds; move what your write handlers \
         need there"
    ));
    SeedsFunction::Known(format!("{}::seeds", crate_name(state)))
}

fn new_module(
    state: &State<'_>,
    library: &TextFile,
    database: Database,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    let source = parsed(library, shown)?;
    if declares(&source, "seeds") != Declared::Not {
        return Err(Failure::new(format!(
            "{} has a module seeds that does not bring in the seeds",
            shown(&library.path)
        ))
        .help(format!(
            "put this into it, or into another module of the library, and run this again:\n{}",
            indented(&module(state, database))
        )));
    }
    let sources = library.path.parent().unwrap_or(Path::new(""));
    plan.create(sources.join("seeds.rs"), module(state, database));
    declare(library, &source, plan);
    Ok(SeedsFunction::Known(format!(
        "{}::seeds",
        crate_name(state)
    )))
}

/// Where the seeds of an app are wired already, by this command or by hand.
fn existing(
    state: &State<'_>,
    wiring: &TextFile,
    library: &TextFile,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    let has_function = Source::parse(&wiring.text).is_ok_and(|source| has_public_seeds(&source));
    if !has_function {
        return Ok(SeedsFunction::Unknown);
    }
    let name = crate_name(state);
    if wiring.path == library.path {
        return Ok(SeedsFunction::Known(name));
    }
    let source = parsed(library, shown)?;
    let Some(module) = module_of(&wiring.path, &library.path) else {
        return Ok(SeedsFunction::Unknown);
    };
    match declares(&source, module) {
        Declared::Publicly => {}
        Declared::Not if module == "seeds" => declare(library, &source, plan),
        Declared::Not | Declared::Privately => return Ok(SeedsFunction::Unknown),
    }
    Ok(SeedsFunction::Known(format!("{name}::{module}")))
}

fn declare(library: &TextFile, source: &Source<'_>, plan: &mut Plan) {
    plan.change(
        library.path.clone(),
        &library.text,
        with_module(source),
        "pub mod seeds;".to_owned(),
    );
}

/// The module of the library's first level that a file is.
fn module_of<'a>(file: &'a Path, library: &Path) -> Option<&'a str> {
    let sources = library.parent()?;
    let inside = file.strip_prefix(sources).ok()?;
    let mut parts = inside.iter().filter_map(|part| part.to_str());
    match (parts.next()?, parts.next(), parts.next()) {
        (file, None, _) => file.strip_suffix(".rs"),
        (folder, Some("mod.rs"), None) => Some(folder),
        _ => None,
    }
}

fn parsed<'a>(
    library: &'a TextFile,
    shown: &dyn Fn(&Path) -> String,
) -> Result<Source<'a>, Failure> {
    Source::parse(&library.text).map_err(|error| {
        let place = error.span().start();
        Failure::new(format!("{} cannot be parsed", shown(&library.path)))
            .caused_by(&error)
            .help(format!("correct line {} and run this again", place.line))
    })
}

fn crate_name(state: &State<'_>) -> String {
    let mut targets = state.member.package.targets.iter();
    let target = targets.find(|target| {
        let library = state.library.as_ref();
        library.is_some_and(|library| target.src_path == library.path)
    });
    let name = target.map_or(state.member.name(), |target| &target.name);
    name.replace('-', "_")
}

fn module(state: &State<'_>, database: Database) -> String {
    let module = format!("{}::{}", library_name(state.member), database.feature());
    SEEDS.replace(SEEDS_DATABASE_MODULE, &module)
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
