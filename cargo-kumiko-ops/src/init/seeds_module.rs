//! The module that brings seeds and write handlers together, and the library that shows it.

use std::path::{Path, PathBuf};

use kumiko_ops_templates::{
    SEEDS, SEEDS_DATABASE_MODULE, SEEDS_HANDLERS, SEEDS_OF_COMMANDS, SEEDS_RUNNER,
    SEEDS_WITH_OWN_EVENTS, SEEDS_WITHOUT_EVENTS,
};
use kumiko_seeds_cli::Failure;

use super::choice::{Chosen, EventTable};
use super::inventory::Inventory;
use super::library::with_module;
use super::manifest::{Edit, is_switched_off};
use super::setup::{NewModule, Setup};
use crate::app_source::{Declared, Library, SeedsFunction, Source, declares, seeds_function};
use crate::package::{Sqlx, Writes, crate_name, unnameable};
use crate::shown::indented;
use crate::text_file::TextFile;

/// Plans the module, if nothing brings in the seeds yet, and finds the function `seeds`.
pub(super) fn plan(
    inventory: &Inventory<'_>,
    chosen: &Chosen,
    has_ops_binary: bool,
    setup: &mut Setup,
) -> Result<SeedsFunction, Failure> {
    match (&inventory.wiring, &inventory.library) {
        (Some(_), _) if has_ops_binary => Ok(SeedsFunction::Unknown),
        (_, Some(library)) if crate_name(&library.name).is_none() => {
            Err(unnameable(inventory.member.name(), &library.name))
        }
        (None, None) => new_library(inventory, chosen, setup),
        (None, Some(library)) => new_module(inventory, library, chosen, setup),
        (Some(wiring), Some(library)) => existing(inventory, wiring, library, setup),
        (Some(wiring), None) => Err(Failure::new(format!(
            "{} brings in the seeds, and package {} has no library to share them with its ops binary",
            inventory.shown(&wiring.path),
            inventory.member.name()
        ))
        .help("move it and what it needs to src/lib.rs, and run this again")),
    }
}

fn new_library(
    inventory: &Inventory<'_>,
    chosen: &Chosen,
    setup: &mut Setup,
) -> Result<SeedsFunction, Failure> {
    let package = inventory.member.name();
    let sources = inventory.member.folder().join("src");
    let content = format!("//! What the binaries of {package} share.\n\npub mod seeds;\n");
    let module = module_file(&sources, inventory)?;
    setup.create(sources.join("lib.rs"), content);
    setup.create(module.clone(), seeds_module(inventory, chosen));
    setup.notes.push(format!(
        "package {package} gets a library, since its binaries share the seeds; move what your write handlers \
         need there"
    ));
    let is_not_found = is_switched_off(&inventory.manifest.text, "autolib");
    let (name, in_code) = match crate_name(package) {
        Some(name) => (package.replace('-', "_"), name),
        None => (format!("{package}_app"), format!("{package}_app")),
    };
    if is_not_found || name != package.replace('-', "_") {
        let path = "src/lib.rs";
        setup.manifest.push(Edit::Library { name, path });
    }
    Ok(new(module, &in_code, setup))
}

fn new_module(
    inventory: &Inventory<'_>,
    library: &Library,
    chosen: &Chosen,
    setup: &mut Setup,
) -> Result<SeedsFunction, Failure> {
    let source = parsed(&library.file, inventory)?;
    if declares(&source, "seeds") != Declared::Not {
        return Err(Failure::new(format!(
            "{} has a module seeds that does not bring in the seeds",
            inventory.shown(&library.file.path)
        ))
        .help(format!(
            "put this into it, or into another module of the library, and run this again:\n{}",
            indented("    ", &seeds_module(inventory, chosen))
        )));
    }
    let Some(name) = crate_name(&library.name) else {
        return Err(unnameable(inventory.member.name(), &library.name));
    };
    let module = module_file(library.folder(), inventory)?;
    setup.create(module.clone(), seeds_module(inventory, chosen));
    declare(&library.file, &source, setup);
    Ok(new(module, &name, setup))
}

fn new(file: PathBuf, library: &str, setup: &mut Setup) -> SeedsFunction {
    let rust_path = format!("{library}::seeds");
    setup.module = Some(NewModule {
        file,
        rust_path: rust_path.clone(),
    });
    SeedsFunction::In(rust_path)
}

/// Where the seeds of an app are wired already, by this command or by hand.
fn existing(
    inventory: &Inventory<'_>,
    wiring: &TextFile,
    library: &Library,
    setup: &mut Setup,
) -> Result<SeedsFunction, Failure> {
    let source = parsed(&library.file, inventory)?;
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
            declare(&library.file, &source, setup);
        }
        return Ok(function);
    }
    Ok(seeds_function(library, wiring))
}

fn declare(library: &TextFile, source: &Source<'_>, setup: &mut Setup) {
    setup.change(
        library.path.clone(),
        &library.text,
        with_module(source),
        "pub mod seeds;".to_owned(),
    );
}

/// The file of the new module. Fails if Rust would find another file for it, too.
fn module_file(folder: &Path, inventory: &Inventory<'_>) -> Result<PathBuf, Failure> {
    let other = other_module_file(folder);
    if other.symlink_metadata().is_ok() {
        return Err(super::write::is_taken(&inventory.shown(&other)));
    }
    Ok(folder.join("seeds.rs"))
}

fn other_module_file(folder: &Path) -> PathBuf {
    folder.join("seeds").join("mod.rs")
}

fn parsed<'a>(file: &'a TextFile, inventory: &Inventory<'_>) -> Result<Source<'a>, Failure> {
    Source::parse(&file.text).map_err(|error| {
        let place = error.span().start();
        Failure::new(format!("{} cannot be parsed", inventory.shown(&file.path)))
            .caused_by(&error)
            .help(format!("correct line {} and run this again", place.line))
    })
}

fn seeds_module(inventory: &Inventory<'_>, chosen: &Chosen) -> String {
    let template = match (chosen.writes, chosen.event_table) {
        (Writes::Events, EventTable::Ours) => SEEDS,
        (Writes::Events, EventTable::TheApps) => SEEDS_WITH_OWN_EVENTS,
        (Writes::Commands, _) => SEEDS_OF_COMMANDS,
        (Writes::Rows, _) => SEEDS_WITHOUT_EVENTS,
    };
    let member = inventory.member;
    let library = member.library_in_code();
    let module = format!("{library}::{}", chosen.database.feature());
    let text = template
        .replace(SEEDS_DATABASE_MODULE, &module)
        .replace("kumiko_seeds::", &format!("{library}::"))
        .replace("sqlx::", &format!("{}::", Sqlx::of(member).name_in_code()));
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
