//! `pub mod seeds;`, put into a library that exists. Pure.

use syn::spanned::Spanned;
use syn::{AttrStyle, ItemMod};

use crate::app_source::{Source, is_blank_or_comment, modules};

const DECLARATION: &str = "pub mod seeds;";

/// The text with the module declared: among the modules where rustfmt would have it, or else above all
/// items.
pub(super) fn with_module(source: &Source<'_>) -> String {
    let files: Vec<&ItemMod> = modules(source)
        .filter(|module| module.semi.is_some())
        .collect();
    if let Some(module) = files
        .iter()
        .rfind(|module| module.ident.to_string().as_str() < "seeds")
    {
        let end = source.bytes(module.span()).end;
        let rest = source.rest_of_line(end);
        if is_blank_or_comment(rest) {
            return source.with(end + rest.len(), &format!("\n{DECLARATION}"));
        }
        return source.with(end, &format!("\n{DECLARATION}\n"));
    }
    if let Some(module) = files.first() {
        let start = source.bytes(module.span()).start;
        return source.with(start, &format!("{DECLARATION}\n"));
    }
    above_all_items(source)
}

fn above_all_items(source: &Source<'_>) -> String {
    let inner = source.file.attrs.iter();
    let inner = inner.filter(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
    let last = inner
        .map(|attribute| source.bytes(attribute.span()).end)
        .max();
    if let Some(end) = last {
        let rest = source.rest_of_line(end);
        if is_blank_or_comment(rest) {
            let end = end + rest.len();
            let next = source.text[end..].trim_start_matches(['\r', '\n']);
            let is_last = next.is_empty();
            let lines = source.text[end..].len() - next.len();
            let has_blank_line = source.text[end..end + lines].matches('\n').count() > 1;
            let after = if is_last || has_blank_line { "" } else { "\n" };
            return source.with(end, &format!("\n\n{DECLARATION}{after}"));
        }
        return source.with(end, &format!("\n\n{DECLARATION}\n\n"));
    }
    let start = source.beginning();
    // Comments at the top that a blank line ends are about the file.
    let first = first_item(source).unwrap_or(source.text.len());
    let gap = source.text.get(start..first).unwrap_or_default();
    let blank_line = ["\n\n", "\r\n\r\n"]
        .iter()
        .filter_map(|blank| Some(gap.rfind(blank)? + blank.len()))
        .max();
    let at = start + blank_line.unwrap_or(0);
    if source.text[at..].trim().is_empty() {
        return source.with(source.text.len(), &format!("{DECLARATION}\n"));
    }
    source.with(at, &format!("{DECLARATION}\n\n"))
}

fn first_item(source: &Source<'_>) -> Option<usize> {
    let item = source.file.items.first()?;
    Some(source.bytes(item.span()).start)
}

#[cfg(test)]
mod tests;
