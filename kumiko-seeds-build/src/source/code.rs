//! What makes the change of a seed.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Generics, Ident, Item, ItemFn, ReturnType, Safety, Visibility};

use super::finding::{Finding, at, conditional, is_private};
use crate::condition::condition;

/// A function that the generated code calls.
struct Expected {
    name: &'static str,
    parameters: usize,
    parameters_in_words: &'static str,
    line_to_write: &'static str,
}

const RUN: Expected = Expected {
    name: "run",
    parameters: 1,
    parameters_in_words: "one",
    line_to_write: "write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`",
};

const BATCH: Expected = Expected {
    name: "batch",
    parameters: 3,
    parameters_in_words: "three",
    line_to_write: "write `pub async fn batch(ctx: &mut SeedContext<'_>, after: Option<Cursor>, limit: u32) -> BatchResult<Cursor>`",
};

const COUNT: Expected = Expected {
    name: "count",
    parameters: 1,
    parameters_in_words: "one",
    line_to_write: "write `pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult`",
};

const CURSOR_LINE: &str = "write `pub type Cursor = i64;`";

/// The functions of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// `run`.
    Whole,
    /// `batch`.
    InSteps,
    /// `batch`, and `count`.
    InCountedSteps,
}

/// The error is all that is wrong with the functions, and with the cursor.
pub(super) fn code(items: &[Item]) -> Result<Code, Vec<Finding>> {
    match (function(items, &RUN), function(items, &BATCH)) {
        (Some(_), Some(batch)) => {
            let message = "there are both `run` and `batch`; keep `run` for a change in one transaction, or `batch` \
                           for one in many steps";
            Err(vec![at(batch.sig.ident.span(), message.to_owned())])
        }
        (Some(run), None) => {
            let findings = fault(run, &RUN).into_iter().chain(without_batch(items));
            none_of(findings.collect(), Code::Whole)
        }
        (None, Some(batch)) => in_steps(items, batch),
        (None, None) => {
            let left_over = without_batch(items);
            if left_over.is_empty() {
                let line_to_write = RUN.line_to_write;
                let message =
                    format!("there is no function `run`, and no `batch`; {line_to_write}");
                Err(vec![(None, message)])
            } else {
                Err(left_over)
            }
        }
    }
}

fn in_steps(items: &[Item], batch: &ItemFn) -> Result<Code, Vec<Finding>> {
    let count = function(items, &COUNT);
    let mut findings = Vec::new();
    findings.extend(cursor_fault(items));
    findings.extend(count.and_then(|count| fault(count, &COUNT)));
    findings.extend(fault(batch, &BATCH));
    none_of(
        findings,
        count.map_or(Code::InSteps, |_| Code::InCountedSteps),
    )
}

fn none_of(findings: Vec<Finding>, code: Code) -> Result<Code, Vec<Finding>> {
    if findings.is_empty() {
        Ok(code)
    } else {
        Err(findings)
    }
}

/// What is there for a `batch` that is not. What is private may be for the seed itself.
fn without_batch(items: &[Item]) -> Vec<Finding> {
    let count = function(items, &COUNT)
        .filter(|count| !is_private(&count.vis))
        .map(|count| &count.sig.ident);
    let cursor = cursor(items)
        .filter(|cursor| !is_private(cursor.visibility))
        .map(|cursor| cursor.name);
    let names = cursor.into_iter().chain(count);
    let line_to_write = BATCH.line_to_write;
    names
        .map(|name| {
            let message = format!("`{name}` is for a `batch`, and there is none; {line_to_write}");
            at(name.span(), message)
        })
        .collect()
}

fn function<'items>(items: &'items [Item], expected: &Expected) -> Option<&'items ItemFn> {
    items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == expected.name => Some(function),
        _ => None,
    })
}

fn fault(function: &ItemFn, expected: &Expected) -> Option<Finding> {
    let name = expected.name;
    if let Some(attribute) = condition(&function.attrs) {
        return Some(at(attribute.span(), conditional(&format!("`{name}`"))));
    }
    let faults = faults(function, expected);
    if faults.is_empty() {
        return None;
    }
    let message = format!("`{name}` {}; {}", faults.join(", "), expected.line_to_write);
    Some(at(function.sig.ident.span(), message))
}

fn faults(function: &ItemFn, expected: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    if is_private(&function.vis) {
        faults.push("is private".to_owned());
    }
    if function.sig.asyncness.is_none() {
        faults.push("is not async".to_owned());
    }
    if matches!(function.sig.safety, Safety::Unsafe(_)) {
        faults.push("is unsafe".to_owned());
    }
    let instead = expected.parameters_in_words;
    match function.sig.inputs.len() {
        count if count == expected.parameters => {}
        0 => faults.push(format!("has no parameter instead of {instead}")),
        1 => faults.push(format!("has one parameter instead of {instead}")),
        count => faults.push(format!("has {count} parameters instead of {instead}")),
    }
    if matches!(function.sig.output, ReturnType::Default) {
        faults.push("returns nothing".to_owned());
    }
    faults
}

/// The type that says where the next step begins.
struct Cursor<'items> {
    name: &'items Ident,
    visibility: &'items Visibility,
    attributes: &'items [Attribute],
    generics: &'items Generics,
}

fn cursor(items: &[Item]) -> Option<Cursor<'_>> {
    let cursors = items.iter().filter_map(|item| {
        let (name, visibility, attributes, generics) = match item {
            Item::Type(item) => (&item.ident, &item.vis, &item.attrs, &item.generics),
            Item::Struct(item) => (&item.ident, &item.vis, &item.attrs, &item.generics),
            Item::Enum(item) => (&item.ident, &item.vis, &item.attrs, &item.generics),
            _ => return None,
        };
        Some(Cursor {
            name,
            visibility,
            attributes,
            generics,
        })
    });
    cursors.into_iter().find(|cursor| cursor.name == "Cursor")
}

fn cursor_fault(items: &[Item]) -> Option<Finding> {
    let Some(cursor) = cursor(items) else {
        let message = format!("there is no type `Cursor`, by which `batch` goes on; {CURSOR_LINE}");
        return Some((None, message));
    };
    if let Some(attribute) = condition(cursor.attributes) {
        return Some(at(attribute.span(), conditional("`Cursor`")));
    }
    let at_name = |fault: &str| {
        let span: Span = cursor.name.span();
        Some(at(span, format!("`Cursor` {fault}; {CURSOR_LINE}")))
    };
    if is_private(cursor.visibility) {
        return at_name("is private");
    }
    if !cursor.generics.params.is_empty() {
        return at_name("is generic");
    }
    None
}
