//! The name by which an app's seeds are its own in a database that it shares. Pure.

use std::borrow::Cow;

use crate::Error;
use crate::operation_type::OperationType;

/// Whose seeds are meant in a database that several apps share: those of the app with this name, or those of an app
/// that has none, which is the default.
///
/// The ledger knows the seeds of a named app as `<app>/<seed id>`, so that two apps may have seeds of one id. A file's
/// name has no `/`, so nobody else's id is like that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct App {
    name: Option<String>,
}

impl App {
    /// The app with this name. Whether it can be one is checked where it is first used.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
        }
    }

    /// The name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Checks that the name is made of `a-z`, `0-9` and `-`, and is not that of a type of operations.
    ///
    /// # Errors
    /// [`Error::AppName`] if it is not.
    pub fn check(&self) -> Result<(), Error> {
        match self.name() {
            Some(name) if !is_name(name) || OperationType::of(name).is_some() => {
                Err(Error::AppName {
                    name: name.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// What the ledger knows the app's seed `id` as.
    pub(crate) fn ledger_id<'a>(&self, id: &'a str) -> Cow<'a, str> {
        match self.name() {
            Some(name) => Cow::Owned(format!("{name}/{id}")),
            None => Cow::Borrowed(id),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// The name of the app whose seed the ledger knows as `ledger_id`, and the seed's id.
pub(crate) fn parts(ledger_id: &str) -> (Option<&str>, &str) {
    match ledger_id.split_once('/') {
        Some((name, id)) if is_name(name) && OperationType::of(name).is_none() => (Some(name), id),
        _ => (None, ledger_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_id_says_whose_seed_it_is() {
        let id = "2026-01-01-a";
        for (app, ledger_id) in [
            (App::default(), "2026-01-01-a"),
            (App::named("billing"), "billing/2026-01-01-a"),
        ] {
            assert_eq!(app.ledger_id(id), ledger_id);
            assert_eq!(parts(ledger_id), (app.name(), id));
        }
        let rebuild = "projection-rebuild/tenants/3";
        for app in [App::default(), App::named("billing")] {
            let ledger_id = app.ledger_id(rebuild);
            assert_eq!(parts(&ledger_id), (app.name(), rebuild));
        }
        // Not made by this library.
        assert_eq!(parts("/* a */"), (None, "/* a */"));
    }

    #[test]
    fn a_name_that_could_be_misread_is_refused() {
        for name in [
            "",
            "Billing",
            "a/b",
            "a b",
            "ä",
            "a_b",
            "a\n",
            "projection-rebuild",
        ] {
            assert!(App::named(name).check().is_err(), "{name:?}");
        }
        for name in ["billing", "shop-2", "7"] {
            assert!(App::named(name).check().is_ok(), "{name:?}");
        }
    }
}
