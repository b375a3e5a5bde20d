//! What a seed says of itself in constants.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::{Expr, Item, ItemConst, Lit, Type};

use super::Line;
use super::finding::{Finding, at, conditional, is_private, line_of};
use crate::condition::condition;
use crate::handler_calls::literal;

const OUT_OF_ORDER_LINE: &str =
    "write `pub const OUT_OF_ORDER: &str = \"why it may run after seeds with later dates\";`";
const DESCRIPTION_LINE: &str = "write `pub const DESCRIPTION: &str = \"what it changes\";`";

pub(super) fn description(items: &[Item]) -> Result<String, Finding> {
    let Some(item) = constant(items, "DESCRIPTION") else {
        return Err(missing(items, "DESCRIPTION", DESCRIPTION_LINE));
    };
    check_is_there(item, DESCRIPTION_LINE)?;
    sentence(item, DESCRIPTION_LINE, "write what the seed changes")
}

/// Why the seed may run after seeds with later dates, if the file says that it may.
pub(super) fn out_of_order(items: &[Item]) -> Result<Option<String>, Finding> {
    let item = optional(items, "OUT_OF_ORDER", OUT_OF_ORDER_LINE)?;
    let reason = item.map(|item| sentence(item, OUT_OF_ORDER_LINE, "write the reason"));
    reason.transpose()
}

/// The value of a constant that people read.
fn sentence(item: &ItemConst, line_to_write: &str, if_blank: &str) -> Result<String, Finding> {
    let name = &item.ident;
    if !is_text(&item.ty) {
        return Err(at(
            item.ty.span(),
            format!("`{name}` is not a `&str`; {line_to_write}"),
        ));
    }
    match literal(&item.expr).and_then(text) {
        None => Err(at(
            item.expr.span(),
            format!(
                "`{name}` is not a string literal, and it is shown without compiling; {line_to_write}"
            ),
        )),
        Some(text) if text.trim().is_empty() => Err(at(
            item.expr.span(),
            format!("`{name}` is blank; {if_blank}"),
        )),
        Some(text) => Ok(text),
    }
}

/// The version of the schema migration that the seed waits for, if it does.
pub(super) fn after_migration(items: &[Item]) -> Result<Option<i64>, Finding> {
    const LINE: &str = "write `pub const AFTER_MIGRATION: i64 = 20260512090000;`, the number before the migration's name";
    let Some(item) = optional(items, "AFTER_MIGRATION", LINE)? else {
        return Ok(None);
    };
    if !is_type(&item.ty, "i64") {
        let message = format!("`AFTER_MIGRATION` is not an `i64`; {LINE}");
        return Err(at(item.ty.span(), message));
    }
    let version = match literal(&item.expr) {
        Some(Lit::Int(number)) => number.base10_parse().ok(),
        _ => None,
    };
    version.map(Some).ok_or_else(|| {
        let message = format!("`AFTER_MIGRATION` is not the version of a migration; {LINE}");
        at(item.expr.span(), message)
    })
}

/// The value of a constant like `SKIPPABLE`, if the file has it.
pub(super) fn switch(items: &[Item], name: &str) -> Result<Option<bool>, Finding> {
    let line_to_write = format!("write `pub const {name}: bool = true;`");
    let Some(item) = optional(items, name, &line_to_write)? else {
        return Ok(None);
    };
    if !is_type(&item.ty, "bool") {
        return Err(at(
            item.ty.span(),
            format!("`{name}` is not a `bool`; {line_to_write}"),
        ));
    }
    match literal(&item.expr) {
        Some(Lit::Bool(value)) => Ok(Some(value.value)),
        _ => Err(at(
            item.expr.span(),
            format!("`{name}` is neither `true` nor `false`; {line_to_write}"),
        )),
    }
}

/// A constant that is a list of texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) name: &'static str,
    /// What to do where it is none.
    pub(super) line_to_write: &'static str,
}

/// What a list has.
pub(super) struct Texts {
    /// Where the list is.
    pub(super) line: Line,
    pub(super) texts: Vec<(String, Line)>,
}

/// The texts of a list, if the file has it.
pub(super) fn texts(items: &[Item], list: List) -> Result<Option<Texts>, Vec<Finding>> {
    let List {
        name,
        line_to_write,
    } = list;
    let item = optional(items, name, line_to_write).map_err(|finding| vec![finding])?;
    let Some(item) = item else {
        return Ok(None);
    };
    if !is_list_of_texts(&item.ty) {
        let message = format!("`{name}` is not a `&[&str]`; {line_to_write}");
        return Err(vec![at(item.ty.span(), message)]);
    }
    let texts = elements(item, list).map_err(|finding| vec![finding])?;
    Ok(Some(Texts {
        line: line_of(item.ident.span()),
        texts,
    }))
}

/// What is wrong with the texts of a list: one that stands there twice, and what `fault` says of each other one.
pub(super) fn faults(
    list: List,
    texts: &[(String, Line)],
    fault: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let faults = texts.iter().filter_map(|(text, line)| {
        let message = if seen.insert(text) {
            fault(text)
        } else {
            Some(format!(
                "`{}` names {text:?} twice; take one away",
                list.name
            ))
        };
        Some((*line, message?))
    });
    faults.collect()
}

fn elements(item: &ItemConst, list: List) -> Result<Vec<(String, Line)>, Finding> {
    let List {
        name,
        line_to_write,
    } = list;
    let no_list = |part: &Expr| {
        let message = format!(
            "`{name}` is not a list of string literals, and it is read without compiling; {line_to_write}"
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
        let text = literal.and_then(text).ok_or_else(|| no_list(element))?;
        Ok((text, line_of(element.span())))
    });
    elements.collect()
}

/// Whether it is `&[&str]`.
fn is_list_of_texts(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference)
        if reference.mutability.is_none()
            && matches!(&*reference.elem, Type::Slice(slice) if is_text(&slice.elem)))
}

/// A constant that a file may leave out, in a form that the generated code can name.
fn optional<'items>(
    items: &'items [Item],
    name: &str,
    line_to_write: &str,
) -> Result<Option<&'items ItemConst>, Finding> {
    match constant(items, name) {
        Some(item) => {
            check_is_there(item, line_to_write)?;
            Ok(Some(item))
        }
        None if items.iter().any(|item| is_static(item, name)) => {
            Err(missing(items, name, line_to_write))
        }
        None => Ok(None),
    }
}

/// The value of a string literal.
fn text(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Str(text) if text.suffix().is_empty() => Some(text.value()),
        _ => None,
    }
}

/// Whether it is `&str`.
fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference)
        if reference.mutability.is_none() && is_type(&reference.elem, "str"))
}

fn constant<'items>(items: &'items [Item], name: &str) -> Option<&'items ItemConst> {
    items.iter().find_map(|item| match item {
        Item::Const(constant) if constant.ident == name => Some(constant),
        _ => None,
    })
}

fn missing(items: &[Item], name: &str, line_to_write: &str) -> Finding {
    match items.iter().find(|item| is_static(item, name)) {
        Some(item) => at(
            item.span(),
            format!("`{name}` is a static instead of a constant; {line_to_write}"),
        ),
        None => (
            None,
            format!("there is no constant `{name}`; {line_to_write}"),
        ),
    }
}

fn is_static(item: &Item, name: &str) -> bool {
    matches!(item, Item::Static(item) if item.ident == name)
}

/// The generated code names it, in every build and from the module above.
fn check_is_there(item: &ItemConst, line_to_write: &str) -> Result<(), Finding> {
    if let Some(attribute) = condition(&item.attrs) {
        let name = format!("`{}`", item.ident);
        return Err(at(attribute.span(), conditional(&name)));
    }
    if is_private(&item.vis) {
        let message = format!("`{}` is private; {line_to_write}", item.ident);
        return Err(at(item.ident.span(), message));
    }
    Ok(())
}

fn is_type(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path)
        if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}
