//! The module that brings seeds and write handlers together, and the library that shows it.

use std::path::{Path, PathBuf};

use kumiko_ops_templates::{
    SEEDS, SEEDS_DATABASE_MODULE, SEEDS_HANDLERS, SEEDS_RUNNER, SEEDS_WITHOUT_EVENTS,
};
use kumiko_seeds_cli::Failure;

use super::choice::Chosen;
use super::dependencies::library_name;
use super::library::with_module;
use super::manifest::{Edit, is_switched_off};
use super::plan::{NewModule, Plan};
use super::state::State;
use crate::app_source::{
    Declared, Library, SeedsFunction, Source, TextFile, crate_name, declares, seeds_function,
    unnameable,
};
use crate::package::Writes;

/// Plans the module, if nothing brings in the seeds yet, and finds the function `seeds`.
pub(super) fn plan(
    state: &State<'_>,
    chosen: &Chosen,
    has_ops_binary: bool,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    match (&state.wiring, &state.library) {
        (Some(_), _) if has_ops_binary => Ok(SeedsFunction::Unknown),
        (_, Some(library)) if crate_name(&library.name).is_none() => {
            Err(unnameable(state.member.name(), &library.name))
        }
        (None, None) => new_library(state, chosen, plan, shown),
        (None, Some(library)) => new_module(state, library, chosen, plan, shown),
        (Some(wiring), Some(library)) => existing(wiring, library, plan, shown),
        (Some(wiring), None) => Err(Failure::new(format!(
            "{} brings in the seeds, and package {} has no library to share them with its ops binary",
            shown(&wiring.path),
            state.member.name()
        ))
        .help("move it and what it needs to src/lib.rs, and run this again")),
    }
}

fn new_library(
    state: &State<'_>,
    chosen: &Chosen,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    let package = state.member.name();
    let sources = state.member.folder().join("src");
    let content = format!("//! What the binaries of {package} share.\n\npub mod seeds;\n");
    let module = module_file(&sources, shown)?;
    plan.create(sources.join("lib.rs"), content);
    plan.create(module.clone(), seeds_module(state, chosen));
    plan.notes.push(format!(
        "package {package} gets a library, since its binaries share the seeds; move what your write handlers \
         need there"
    ));
    let is_not_found = is_switched_off(&state.manifest.text, "autolib");
    let (name, in_code) = match crate_name(package) {
        Some(name) => (package.replace('-', "_"), name),
        None => (format!("{package}_app"), format!("{package}_app")),
    };
    if is_not_found || name != package.replace('-', "_") {
        let path = "src/lib.rs";
        plan.manifest.push(Edit::Library { name, path });
    }
    Ok(new(module, &in_code, plan))
}

fn new_module(
    state: &State<'_>,
    library: &Library,
    chosen: &Chosen,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    let source = parsed(&library.file, shown)?;
    if declares(&source, "seeds") != Declared::Not {
        return Err(Failure::new(format!(
            "{} has a module seeds that does not bring in the seeds",
            shown(&library.file.path)
        ))
        .help(format!(
            "put this into it, or into another module of the library, and run this again:\n{}",
            indented(&seeds_module(state, chosen))
        )));
    }
    let Some(name) = crate_name(&library.name) else {
        return Err(unnameable(state.member.name(), &library.name));
    };
    let module = module_file(library.folder(), shown)?;
    plan.create(module.clone(), seeds_module(state, chosen));
    declare(&library.file, &source, plan);
    Ok(new(module, &name, plan))
}

fn new(file: PathBuf, library: &str, plan: &mut Plan) -> SeedsFunction {
    let rust_path = format!("{library}::seeds");
    plan.module = Some(NewModule {
        file,
        rust_path: rust_path.clone(),
    });
    SeedsFunction::In(rust_path)
}

/// Where the seeds of an app are wired already, by this command or by hand.
fn existing(
    wiring: &TextFile,
    library: &Library,
    plan: &mut Plan,
    shown: &dyn Fn(&Path) -> String,
) -> Result<SeedsFunction, Failure> {
    let source = parsed(&library.file, shown)?;
    let names = [
        library.folder().join("seeds.rs"),
        other_module_file(library.folder()),
    ];
    if declares(&source, "seeds") == Declared::Not && names.contains(&wiring.path) {
        // As it would be declared, and found then.
        let declared = Library {
            name: library.name.clone(),
            file: TextFile {
                path: library.file.path.clone(),
                text: with_module(&source),
            },
        };
        let function = seeds_function(&declared, wiring);
        if function != SeedsFunction::Unknown {
            declare(&library.file, &source, plan);
        }
        return Ok(function);
    }
    Ok(seeds_function(library, wiring))
}

fn declare(library: &TextFile, source: &Source<'_>, plan: &mut Plan) {
    plan.change(
        library.path.clone(),
        &library.text,
        with_module(source),
        "pub mod seeds;".to_owned(),
    );
}

/// The file of the new module. Fails if Rust would find another file for it, too.
fn module_file(folder: &Path, shown: &dyn Fn(&Path) -> String) -> Result<PathBuf, Failure> {
    let other = other_module_file(folder);
    if other.symlink_metadata().is_ok() {
        return Err(super::write::is_taken(&shown(&other)));
    }
    Ok(folder.join("seeds.rs"))
}

fn other_module_file(folder: &Path) -> PathBuf {
    folder.join("seeds").join("mod.rs")
}

fn parsed<'a>(file: &'a TextFile, shown: &dyn Fn(&Path) -> String) -> Result<Source<'a>, Failure> {
    Source::parse(&file.text).map_err(|error| {
        let place = error.span().start();
        Failure::new(format!("{} cannot be parsed", shown(&file.path)))
            .caused_by(&error)
            .help(format!("correct line {} and run this again", place.line))
    })
}

fn seeds_module(state: &State<'_>, chosen: &Chosen) -> String {
    let template = match chosen.writes {
        Writes::Events => SEEDS,
        Writes::Rows => SEEDS_WITHOUT_EVENTS,
    };
    let library = library_name(state.member);
    let module = format!("{library}::{}", chosen.database.feature());
    let text = template.replace(SEEDS_DATABASE_MODULE, &module);
    match &chosen.app {
        Some(app) => named(&text, &app.name),
        None => text,
    }
}

/// The module of an app with a name, as rustfmt has it.
fn named(module: &str, app: &str) -> String {
    let runner = format!(
        "{SEEDS_RUNNER}\n        // The same name as in Cargo.toml, for the commands that compile nothing.\n        \
         .app(\"{app}\")"
    );
    let handlers = format!("\n        {SEEDS_HANDLERS}");
    module
        .replace(SEEDS_RUNNER, &runner)
        .replace(SEEDS_HANDLERS, &handlers)
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}"));
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
