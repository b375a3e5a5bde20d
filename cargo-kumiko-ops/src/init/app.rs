//! The name of an app that shares its database: in Cargo.toml for the commands that compile nothing, and in
//! the source for those that run. Pure.

use kumiko_seeds_cli::Failure;

use super::arguments::InitArguments;
use super::inventory::Inventory;
use super::manifest::Edit;

/// The name of the app, and why it is that.
pub(super) struct ChosenApp {
    pub(super) name: String,
    pub(super) reason: String,
}

/// Chooses the name by the flag, by Cargo.toml or by the source.
///
/// Fails if the flag names another app than one of the others.
pub(super) fn choose(
    arguments: &InitArguments,
    inventory: &Inventory<'_>,
) -> Result<Option<ChosenApp>, Failure> {
    let member = inventory.member;
    let in_settings = member.settings.app.clone();
    let in_settings = in_settings.map(|name| (name, inventory.shown(member.manifest())));
    let in_source = inventory.app_name.as_ref();
    let in_source =
        in_source.and_then(|found| Some((found.name.clone()?, inventory.shown(&found.path))));
    let mut there = in_settings.into_iter().chain(in_source);
    let Some(asked_for) = &arguments.app else {
        return Ok(there.next().map(|(name, place)| ChosenApp {
            name,
            reason: format!("as {place} says"),
        }));
    };
    match there.find(|(name, _)| name != asked_for) {
        Some((name, place)) => Err(Failure::new(format!(
            "package {} is the app {name}, as {place} says, and --app names another one",
            member.name()
        ))
        .help(
            "leave --app out; under another name none of its seeds counts as applied, and all of them would run again",
        )),
        None => Ok(Some(ChosenApp {
            name: asked_for.clone(),
            reason: "as --app says".to_owned(),
        })),
    }
}

impl ChosenApp {
    /// The change to Cargo.toml, if the name is not there.
    pub(super) fn setting(&self, inventory: &Inventory<'_>) -> Option<Edit> {
        let is_new = inventory.member.settings.app.is_none();
        is_new.then(|| Edit::App(self.name.clone()))
    }

    /// What is left to do in a source that is there.
    pub(super) fn left(&self, inventory: &Inventory<'_>) -> Option<String> {
        match (&inventory.app_name, &inventory.wiring) {
            (Some(found), _) => {
                let other = found.name.as_ref().filter(|name| **name != self.name)?;
                Some(format!(
                    "{} says that the app is {}, and {} that it is {other}; correct the one that is wrong",
                    inventory.shown(inventory.member.manifest()),
                    self.name,
                    inventory.shown(&found.path)
                ))
            }
            (None, Some(wiring)) => Some(format!(
                "{} does not name the app; add this to its SeedRunner:\n    .app(\"{}\")",
                inventory.shown(&wiring.path),
                self.name
            )),
            // The module that is to be created has the name.
            (None, None) => None,
        }
    }
}
