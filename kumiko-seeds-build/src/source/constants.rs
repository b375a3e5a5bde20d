//! What a seed says of itself in constants.

use syn::spanned::Spanned;
use syn::{Item, ItemConst, Lit, Type};

use super::finding::{Finding, at, conditional, is_private};
use crate::condition::condition;
use crate::handler_calls::literal;

const DESCRIPTION_LINE: &str = "write `pub const DESCRIPTION: &str = \"what it changes\";`";

pub(super) fn description(items: &[Item]) -> Result<String, Finding> {
    let Some(item) = constant(items, "DESCRIPTION") else {
        return Err(missing(items, "DESCRIPTION", DESCRIPTION_LINE));
    };
    check_is_there(item, DESCRIPTION_LINE)?;
    if !is_text(&item.ty) {
        return Err(at(
            item.ty.span(),
            format!("`DESCRIPTION` is not a `&str`; {DESCRIPTION_LINE}"),
        ));
    }
    match literal(&item.expr).and_then(text) {
        None => Err(at(
            item.expr.span(),
            format!(
                "`DESCRIPTION` is not a string literal, and it is shown without compiling; {DESCRIPTION_LINE}"
            ),
        )),
        Some(text) if text.trim().is_empty() => Err(at(
            item.expr.span(),
            "`DESCRIPTION` is blank; write what the seed changes".to_owned(),
        )),
        Some(text) => Ok(text),
    }
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

/// A constant that a file may leave out, in a form that the generated code can name.
pub(super) fn optional<'items>(
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
pub(super) fn text(literal: &Lit) -> Option<String> {
    match literal {
        Lit::Str(text) if text.suffix().is_empty() => Some(text.value()),
        _ => None,
    }
}

/// Whether it is `&str`.
pub(super) fn is_text(ty: &Type) -> bool {
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
