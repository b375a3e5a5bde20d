use std::str::FromStr;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::{Item, ItemConst, ItemFn, Lit, ReturnType, Safety, Type, Visibility};

use crate::HandlerCall;
use crate::condition::condition;
use crate::handler_calls::{handler_calls, literal};
use crate::source_hash::source_hash;

const DESCRIPTION_LINE: &str = "write `pub const DESCRIPTION: &str = \"what it changes\";`";
const SKIPPABLE_LINE: &str = "write `pub const SKIPPABLE: bool = true;`";
const RUN_LINE: &str = "write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`";

/// What a seed file says about itself.
pub(crate) struct SeedSource {
    pub(crate) description: String,
    /// The value of `SKIPPABLE`, if the file has it.
    pub(crate) skippable: Option<bool>,
    pub(crate) handler_calls: Vec<HandlerCall>,
    pub(crate) source_hash: String,
}

/// Something wrong in a source: the line where it has one, and the message.
pub(crate) type Finding = (Option<usize>, String);

/// Reads the source of one seed. The error is all that is wrong with it; there is at least one finding.
pub(crate) fn read_source(source: &str) -> Result<SeedSource, Vec<Finding>> {
    let file = parse(source)?;
    if let Some(attribute) = condition(&file.attrs) {
        return Err(vec![at(attribute.span(), conditional("the file"))]);
    }
    let mut findings = Vec::new();
    let description = description(&file.items).map_err(|finding| findings.push(finding));
    let skippable = skippable(&file.items).map_err(|finding| findings.push(finding));
    let run = check_run(&file.items).map_err(|finding| findings.push(finding));
    match (description, skippable, run) {
        (Ok(description), Ok(skippable), Ok(())) => Ok(SeedSource {
            description,
            skippable,
            handler_calls: handler_calls(&file),
            source_hash: source_hash(source),
        }),
        _ => Err(findings),
    }
}

fn parse(source: &str) -> Result<syn::File, Vec<Finding>> {
    // The compiler does both, too, before it looks at anything: a literal over two lines has another value otherwise.
    let code = source.strip_prefix('\u{feff}').unwrap_or(source);
    let code = &code.replace("\r\n", "\n");
    let tokens = TokenStream::from_str(code).map_err(|error| {
        let message = "syntax error: a bracket, quote or comment is not closed or was not opened, or a \
                       character is none of Rust's; correct it";
        vec![(Some(error.span().start().line), message.to_owned())]
    })?;
    syn::parse2(tokens).map_err(|errors| {
        errors
            .into_iter()
            .map(|error| match line_of(error.span()) {
                Some(line) => (Some(line), format!("syntax error: {error}")),
                None => (
                    Some(code.lines().count().max(1)),
                    format!("syntax error: {error}"),
                ),
            })
            .collect()
    })
}

fn description(items: &[Item]) -> Result<String, Finding> {
    let Some(item) = constant(items, "DESCRIPTION") else {
        return Err(missing(items, "DESCRIPTION", DESCRIPTION_LINE));
    };
    check_is_there(item, DESCRIPTION_LINE)?;
    let is_text = matches!(&*item.ty, Type::Reference(reference)
        if reference.mutability.is_none() && is_type(&reference.elem, "str"));
    if !is_text {
        return Err(at(
            item.ty.span(),
            format!("`DESCRIPTION` is not a `&str`; {DESCRIPTION_LINE}"),
        ));
    }
    let text = match literal(&item.expr) {
        Some(Lit::Str(text)) if text.suffix().is_empty() => Some(text.value()),
        _ => None,
    };
    match text {
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

fn skippable(items: &[Item]) -> Result<Option<bool>, Finding> {
    let Some(item) = constant(items, "SKIPPABLE") else {
        return if items.iter().any(|item| is_static(item, "SKIPPABLE")) {
            Err(missing(items, "SKIPPABLE", SKIPPABLE_LINE))
        } else {
            Ok(None)
        };
    };
    check_is_there(item, SKIPPABLE_LINE)?;
    if !is_type(&item.ty, "bool") {
        return Err(at(
            item.ty.span(),
            format!("`SKIPPABLE` is not a `bool`; {SKIPPABLE_LINE}"),
        ));
    }
    match literal(&item.expr) {
        Some(Lit::Bool(value)) => Ok(Some(value.value)),
        _ => Err(at(
            item.expr.span(),
            format!("`SKIPPABLE` is neither `true` nor `false`; {SKIPPABLE_LINE}"),
        )),
    }
}

fn check_run(items: &[Item]) -> Result<(), Finding> {
    let Some(run) = items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == "run" => Some(function),
        _ => None,
    }) else {
        return Err((None, format!("there is no function `run`; {RUN_LINE}")));
    };
    if let Some(attribute) = condition(&run.attrs) {
        return Err(at(attribute.span(), conditional("`run`")));
    }
    let faults = faults(run);
    if faults.is_empty() {
        return Ok(());
    }
    let message = format!("`run` {}; {RUN_LINE}", faults.join(", "));
    Err(at(run.sig.ident.span(), message))
}

fn faults(run: &ItemFn) -> Vec<String> {
    let mut faults = Vec::new();
    if is_private(&run.vis) {
        faults.push("is private".to_owned());
    }
    if run.sig.asyncness.is_none() {
        faults.push("is not async".to_owned());
    }
    if matches!(run.sig.safety, Safety::Unsafe(_)) {
        faults.push("is unsafe".to_owned());
    }
    match run.sig.inputs.len() {
        1 => {}
        0 => faults.push("has no parameter instead of one".to_owned()),
        count => faults.push(format!("has {count} parameters instead of one")),
    }
    if matches!(run.sig.output, ReturnType::Default) {
        faults.push("returns nothing".to_owned());
    }
    faults
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

fn conditional(what: &str) -> String {
    format!("{what} is not in every build; take the attribute away")
}

/// `pub(self)` is a way to write private, and so may be a longer path.
fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => false,
        Visibility::Restricted(restricted) => {
            !(restricted.path.is_ident("crate") || restricted.path.is_ident("super"))
        }
        Visibility::Inherited => true,
    }
}

fn is_type(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path)
        if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

fn at(span: Span, message: String) -> Finding {
    (line_of(span), message)
}

/// The line a span starts on, or `None` for one that is nowhere in the file, as that of its end.
fn line_of(span: Span) -> Option<usize> {
    (!span.byte_range().is_empty()).then(|| span.start().line)
}

#[cfg(test)]
mod tests;
