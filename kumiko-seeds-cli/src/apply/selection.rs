//! Which seeds of the binary the arguments name. Pure.

use super::arguments::ApplyArguments;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::seed_choice::{Named, find, nearest, several};

/// The arguments with the id of a seed where its file or its name was given.
pub(super) fn with_ids(
    arguments: &ApplyArguments,
    ids: &[&str],
    invocation: &Invocation,
) -> Result<ApplyArguments, Failure> {
    let id = |given: &String| match find(given, ids) {
        Named::One(id) => Ok(id.to_owned()),
        Named::Several(ids) => Err(several(given, &ids)),
        Named::None => {
            let failure = Failure::new(format!("there is no seed {given} in this binary"));
            Err(match nearest(given, ids) {
                Some(id) => failure.help(format!(
                    "did you mean {id}?\n    {}",
                    invocation.line("seed:apply", &with_seed(arguments, id))
                )),
                None => failure.help(newest(ids)),
            })
        }
    };
    Ok(ApplyArguments {
        to: arguments.to.as_ref().map(id).transpose()?,
        only: arguments.only.as_ref().map(id).transpose()?,
        ..arguments.clone()
    })
}

/// The arguments with `id` in place of the seed that they name.
fn with_seed(arguments: &ApplyArguments, id: &str) -> Vec<String> {
    let id = || id.to_owned();
    let arguments = ApplyArguments {
        to: arguments.to.as_ref().map(|_| id()),
        only: arguments.only.as_ref().map(|_| id()),
        ..arguments.clone()
    };
    arguments.words()
}

/// The newest seeds, for there may be hundreds.
fn newest(ids: &[&str]) -> String {
    const FEW: usize = 5;
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let few: Vec<&str> = ids.iter().rev().take(FEW).copied().collect();
    match few.len() {
        0 => "this binary has no seeds".to_owned(),
        shown if shown == ids.len() => format!("its seeds are {}", few.join(", ")),
        _ => format!("its newest seeds are {}", few.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn few_seeds_are_all_named() {
        assert_eq!(
            newest(&["2026-01-01-a", "2026-01-02-b"]),
            "its seeds are 2026-01-02-b, 2026-01-01-a"
        );
        let many = ["1", "2", "3", "4", "5", "6"];
        assert_eq!(newest(&many), "its newest seeds are 6, 5, 4, 3, 2");
        assert_eq!(newest(&[]), "this binary has no seeds");
    }
}
