//! Seeds that may be applied already, under another id or without the app's name, and those that cannot be any more.

use crate::Error;
use crate::seed::is_operation;

const CONTESTED: &str = "if such a seed is this app's and was edited since, mark it; if the marker is \
                                    another app's, rename the file";

const CONTESTED_REBUILD: &str = "if such a rebuild is this app's, mark it; if the marker is another app's, give \
                                    the projection another version";

const RENAMED: &str = "mark them, so that they do not run again; one that is to run again needs other \
                                  code, if only another DESCRIPTION";

pub(super) fn remedy(error: &Error) -> Option<String> {
    if let Error::RenamedUnderWay { id, from, .. } = error {
        return Some(format!(
            "give the file its name back until the seed is applied:\n    \
             git mv seeds/{id}.rs seeds/{from}.rs\n\
             or give up what is under way, and the seed begins anew under its new name:\n    \
             cargo kumiko-ops seed:cancel {from}"
        ));
    }
    let (text, ids) = match error {
        Error::Retired { ids, releases }
        | Error::HalfReplaced {
            left: ids,
            releases,
            ..
        } => {
            let mut releases = releases.clone();
            releases.dedup();
            let text = format!(
                "start {} on this database first, and then this release again; or, if what they do is done here, mark them",
                releases.join(", then ")
            );
            return Some(text + &marking(ids));
        }
        Error::Contested { ids } if ids.iter().all(|id| is_operation(id)) => {
            (CONTESTED_REBUILD, ids)
        }
        Error::Contested { ids } => (CONTESTED, ids),
        Error::Renamed { ids, .. } => (RENAMED, ids),
        _ => return None,
    };
    Some(text.to_owned() + &marking(ids))
}

fn marking(ids: &[String]) -> String {
    let lines = ids
        .iter()
        .map(|id| format!("\n    cargo kumiko-ops seed:mark {id}"));
    format!(":{}", lines.collect::<String>())
}
