//! The seeds that a seed waits for.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::{Expr, Item, ItemConst, Type};

use super::Folder;
use super::constants::{is_text, optional, text};
use super::finding::{Finding, at};
use crate::suggestion::nearest_id;
use crate::validate_id;

const AFTER_LINE: &str = "write `pub const AFTER: &[&str] = &[\"YYYY-MM-DD-what-it-changes\"];`";

/// The ids in `AFTER`, if the file has it. The error is all that is wrong with them.
pub(super) fn after(
    items: &[Item],
    folder: Folder<'_>,
) -> Result<Option<Vec<String>>, Vec<Finding>> {
    let item = optional(items, "AFTER", AFTER_LINE).map_err(|finding| vec![finding])?;
    let Some(item) = item else {
        return Ok(None);
    };
    if !is_list_of_texts(&item.ty) {
        let message = format!("`AFTER` is not a `&[&str]`; {AFTER_LINE}");
        return Err(vec![at(item.ty.span(), message)]);
    }
    let elements = elements(item).map_err(|finding| vec![finding])?;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (id, line) in &elements {
        let fault = if seen.insert(id) {
            fault(id, folder)
        } else {
            Some(format!("`AFTER` names {id:?} twice; take one away"))
        };
        findings.extend(fault.map(|message| (*line, message)));
    }
    if findings.is_empty() {
        Ok(Some(elements.into_iter().map(|(id, _)| id).collect()))
    } else {
        Err(findings)
    }
}

/// The ids as they are written, each with its line.
fn elements(item: &ItemConst) -> Result<Vec<(String, Option<usize>)>, Finding> {
    let no_list = |part: &Expr| {
        let message = format!(
            "`AFTER` is not a list of string literals, and it is read without compiling; {AFTER_LINE}"
        );
        at(part.span(), message)
    };
    let array = match &*item.expr {
        Expr::Reference(reference) if reference.mutability.is_none() => &*reference.expr,
        other => other,
    };
    let Expr::Array(array) = array else {
        return Err(no_list(&item.expr));
    };
    let elements = array.elems.iter().map(|element| {
        // An attribute could leave one out of some builds.
        let literal = match element {
            Expr::Lit(literal) if literal.attrs.is_empty() => Some(&literal.lit),
            _ => None,
        };
        let id = literal.and_then(text).ok_or_else(|| no_list(element))?;
        let (line, id) = at(element.span(), id);
        Ok((id, line))
    });
    elements.collect()
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

/// Whether it is `&[&str]`.
fn is_list_of_texts(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference)
        if reference.mutability.is_none()
            && matches!(&*reference.elem, Type::Slice(slice) if is_text(&slice.elem)))
}
