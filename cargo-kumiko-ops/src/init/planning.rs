//! From what a package has to what is to be done. Pure.

use std::path::{Path, PathBuf};

use kumiko_ops_templates::{BUILD_SCRIPT, BUILD_SCRIPT_CALL};
use kumiko_seeds_cli::Failure;

use super::build_script::with_call;
use super::checkout::Checkout;
use super::choice::{Chosen, EventTable, named_in};
use super::inventory::{BuildScript, Inventory};
use super::manifest::{Edit, edited, is_switched_off};
use super::setup::Setup;
use super::{dependencies, seeds_module};
use crate::app_source::{SeedsFunction, mentions};
use crate::ops_binary::{self, is_ops_name};

/// Plans all that makes the package ready.
pub(super) fn plan(
    inventory: &Inventory<'_>,
    chosen: &Chosen,
    checkout: Option<&Checkout>,
) -> Result<Setup, Failure> {
    let mut setup = Setup {
        manifest: dependencies::edits(inventory, chosen, checkout),
        ..Setup::default()
    };
    setup
        .left
        .extend(unseen_database(inventory, chosen, &setup.manifest));
    if let Some(app) = &chosen.app {
        setup.manifest.extend(app.setting(inventory));
        setup.left.extend(app.left(inventory));
    }
    setup.left.extend(own_event_table(inventory, chosen));
    plan_build_script(inventory, &mut setup);
    if !inventory.has_seeds_folder {
        let keep = inventory.member.seeds_folder().join(".gitkeep");
        setup.create(keep, String::new());
    }
    let has_ops_binary = has_ops_binary(inventory);
    let function = seeds_module::plan(inventory, chosen, has_ops_binary, &mut setup)?;
    if !has_ops_binary {
        plan_ops_binary(inventory, &function, &mut setup)?;
    }
    let edits = std::mem::take(&mut setup.manifest);
    if !edits.is_empty() {
        let manifest = &inventory.manifest;
        let after = edited(&manifest.text, &edits).map_err(|reason| {
            Failure::new(format!(
                "could not change {}",
                inventory.shown(&manifest.path)
            ))
            .help(format!(
                "{reason}; add these by hand and run this again: {}",
                listed(&edits)
            ))
        })?;
        setup.change(manifest.path.clone(), &manifest.text, after, listed(&edits));
    }
    // As people read them: what exists first, and each group by path.
    setup
        .changes
        .sort_by_key(|change| (change.before.is_none(), change.path.clone()));
    Ok(setup)
}

/// What is left where the seeds are there, get the feature of another database, and do not say in plain
/// words which one they take.
fn unseen_database(inventory: &Inventory<'_>, chosen: &Chosen, edits: &[Edit]) -> Option<String> {
    let wiring = inventory.wiring.as_ref()?;
    let feature = chosen.database.feature();
    let is_new = edits
        .iter()
        .any(|edit| matches!(edit, Edit::Features { features, .. } if features.contains(&feature)));
    let is_said = named_in(&wiring.text).is_some();
    (is_new && !is_said).then(|| {
        format!(
            "see that what {} brings in is of kumiko_seeds::{feature}, and the seeds as well",
            inventory.shown(&wiring.path)
        )
    })
}

/// What is left where the seeds are there, and do not append to the table that was asked for.
fn own_event_table(inventory: &Inventory<'_>, chosen: &Chosen) -> Option<String> {
    let wiring = inventory.wiring.as_ref()?;
    let is_there = mentions(&wiring.text, "event_store");
    (chosen.event_table == EventTable::TheApps && !is_there).then(|| {
        format!(
            "{} brings in the seeds already; give its handlers the app's table with .event_store(…), as \
             kumiko_seeds::guides::with_an_event_table_of_your_own shows",
            inventory.shown(&wiring.path)
        )
    })
}

fn listed(edits: &[Edit]) -> String {
    let edits: Vec<String> = edits.iter().map(ToString::to_string).collect();
    edits.join(", ")
}

fn plan_build_script(inventory: &Inventory<'_>, setup: &mut Setup) {
    let call = build_script_call(inventory.member.settings.seeds.as_deref());
    match &inventory.build_script {
        BuildScript::Missing(_) | BuildScript::Other
            if is_switched_off(&inventory.manifest.text, "build") =>
        {
            setup.left.push(format!(
                "Cargo.toml has build = false; have a build script with this in its main:\n    {call}"
            ));
        }
        BuildScript::Missing(path) => {
            let content = BUILD_SCRIPT.replace(BUILD_SCRIPT_CALL, &call);
            setup.create(path.clone(), content);
        }
        BuildScript::Exists(script) if mentions(&script.text, "kumiko_seeds_build") => {}
        BuildScript::Exists(script) => match with_call(&script.text, &call) {
            Ok(after) => setup.change(script.path.clone(), &script.text, after, call),
            Err(reason) => setup.left.push(format!(
                "{} {reason}; add this to what it runs:\n    {call}",
                inventory.shown(&script.path)
            )),
        },
        BuildScript::Other => setup.left.push(format!(
            "Cargo does not say which build script is used; add this to its main:\n    {call}"
        )),
    }
}

fn build_script_call(folder: Option<&Path>) -> String {
    let Some(folder) = folder else {
        return BUILD_SCRIPT_CALL.to_owned();
    };
    // A path in a string literal, on every system.
    let folder = folder.to_string_lossy();
    BUILD_SCRIPT_CALL.replace("\"seeds\"", &format!("{folder:?}"))
}

/// Whether a bin target applies seeds. Where nothing is wired yet, a name that ends in `-ops` may mean
/// something else.
fn has_ops_binary(inventory: &Inventory<'_>) -> bool {
    if let Some(named) = &inventory.member.settings.bin {
        return inventory
            .binaries
            .iter()
            .any(|binary| binary.name == *named);
    }
    let mut binaries = inventory.binaries.iter();
    binaries.any(|binary| {
        is_ops_name(&binary.name) && (inventory.wiring.is_some() || binary.names_library)
    })
}

fn plan_ops_binary(
    inventory: &Inventory<'_>,
    function: &SeedsFunction,
    setup: &mut Setup,
) -> Result<(), Failure> {
    let member = inventory.member;
    let name = ops_binary::new_name(member);
    if inventory.binaries.iter().any(|binary| binary.name == name) {
        return Err(Failure::new(format!(
            "package {} has a binary {name} that does not apply seeds",
            member.name()
        ))
        .help(
            "give the ops binary another name, in Cargo.toml:\n    \
             [package.metadata.kumiko-ops]\n    bin = \"seeds-ops\"",
        ));
    }
    let path = format!("src/bin/{name}.rs");
    let SeedsFunction::In(module) = function else {
        setup.left.push(format!(
            "create {path}, with the function that gives your app its SeedRunner:\n    \
             fn main() -> std::process::ExitCode {{\n        \
             {}::main(seeds())\n    }}",
            member.command_library_in_code()
        ));
        return Ok(());
    };
    let content = ops_binary::source(member, &name, module);
    setup.create(member.folder().join(PathBuf::from(&path)), content);

    // With a second binary, `cargo run` would no longer know what to start.
    if let ([only], None) = (inventory.binaries.as_slice(), &member.package.default_run) {
        setup.manifest.push(Edit::DefaultRun(only.name.clone()));
    }
    if is_switched_off(&inventory.manifest.text, "autobins") {
        setup.manifest.push(Edit::Binary {
            name: name.clone(),
            path,
        });
    }
    let others = inventory.binaries.iter();
    let is_ambiguous = others.into_iter().any(|binary| is_ops_name(&binary.name));
    if member.settings.bin.is_none() && (is_ambiguous || !is_ops_name(&name)) {
        setup.manifest.push(Edit::OpsBinary(name));
    }
    Ok(())
}
