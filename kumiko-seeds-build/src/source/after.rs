//! The seeds that a seed waits for.

use syn::Item;

use super::constants::{List, Texts, faults, texts};
use super::finding::Finding;
use super::{Folder, Line};
use crate::suggestion::nearest_id;
use crate::validate_id;

const LIST: List = List {
    name: "AFTER",
    line_to_write: "write `pub const AFTER: &[&str] = &[\"YYYY-MM-DD-what-it-changes\"];`",
};

/// The ids in `AFTER` with their lines, if the file has it. The error is all that is wrong with them.
pub(super) fn after(
    items: &[Item],
    folder: Folder<'_>,
) -> Result<Option<Vec<(String, Line)>>, Vec<Finding>> {
    let Some(Texts { texts, .. }) = texts(items, LIST)? else {
        return Ok(None);
    };
    let findings = faults(LIST, &texts, |id| fault(id, folder));
    if findings.is_empty() {
        Ok(Some(texts))
    } else {
        Err(findings)
    }
}

/// What keeps the seed of this folder from coming after `id`, and what to do.
fn fault(id: &str, folder: Folder<'_>) -> Option<String> {
    let instead = || match nearest_id(id, folder.ids) {
        Some(nearest) => format!("write {nearest:?}"),
        None => format!("write the id of a seed, or take {id:?} out of `AFTER`"),
    };
    if let Err(rule) = validate_id(id) {
        let instead = instead();
        return Some(format!(
            "`AFTER` names {id:?}, which is no id of a seed: {rule}; {instead}"
        ));
    }
    if id == folder.id {
        return Some("the seed is to come after itself; take its id out of `AFTER`".to_owned());
    }
    if !folder.ids.iter().any(|known| known == id) {
        let instead = instead();
        return Some(format!("there is no seed {id} to come after; {instead}"));
    }
    (id > folder.id).then(|| {
        format!(
            "{id} sorts after this seed, so this one cannot wait for it; take it out of `AFTER`, or give \
             the file a later date if the seed is applied nowhere yet"
        )
    })
}
