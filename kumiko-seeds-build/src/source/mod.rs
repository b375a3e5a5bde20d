//! What a seed file says about itself, read from its source.

mod after;
mod code;
mod constants;
mod environments;
mod finding;
mod replaces;

use std::str::FromStr;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;

use crate::HandlerCall;
use crate::condition::condition;
use crate::handler_calls::handler_calls;
use crate::source_hash::{Token, canonical};
use finding::{at, conditional, line_of};

pub(crate) use code::Code;
pub(crate) use finding::{Finding, Line};

/// What a seed file says about itself.
pub(crate) struct SeedSource {
    pub(crate) description: String,
    /// The value of `SKIPPABLE`, if the file has it.
    pub(crate) skippable: Option<bool>,
    /// The value of `BACKGROUND`, if the file has it.
    pub(crate) background: Option<bool>,
    /// The ids in `AFTER` with their lines, if the file has it.
    pub(crate) after: Option<Vec<(String, Line)>>,
    /// The ids in `REPLACES` with their lines, if the file has it.
    pub(crate) replaces: Option<Vec<(String, Line)>>,
    /// The names in `ENVIRONMENTS`, if the file has it.
    pub(crate) environments: Option<Vec<String>>,
    /// The value of `AFTER_MIGRATION`, if the file has it.
    pub(crate) after_migration: Option<i64>,
    /// The value of `OUT_OF_ORDER`, if the file has it.
    pub(crate) out_of_order: Option<String>,
    pub(crate) code: Code,
    pub(crate) handler_calls: Vec<HandlerCall>,
    /// What counts for its hash.
    pub(crate) canonical: Vec<Token>,
}

/// Where a source is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folder<'a> {
    /// The id of the seed.
    pub(crate) id: &'a str,
    /// The ids of all seeds of its folder, also those in which something is wrong.
    pub(crate) ids: &'a [String],
    /// The environments that there are, if the package says so.
    pub(crate) known_environments: &'a [String],
}

/// Reads the source of one seed. The error is all that is wrong with it; there is at least one finding.
pub(crate) fn read_source(source: &str, folder: Folder<'_>) -> Result<SeedSource, Vec<Finding>> {
    let tokens = tokens(source)?;
    let file = parse(source, tokens.clone())?;
    if let Some(attribute) = condition(&file.attrs) {
        return Err(vec![at(attribute.span(), conditional("the file"))]);
    }
    let items = &file.items;
    let mut findings = Vec::new();
    let mut found = |finding| findings.push(finding);
    let description = constants::description(items).map_err(&mut found);
    let skippable = constants::switch(items, "SKIPPABLE").map_err(&mut found);
    let out_of_order = constants::out_of_order(items).map_err(&mut found);
    let after_migration = constants::after_migration(items).map_err(&mut found);
    let background = constants::switch(items, "BACKGROUND").map_err(&mut found);
    let after = after::after(items, folder).map_err(|after| findings.extend(after));
    let replaces = replaces::replaces(items).map_err(|replaces| findings.extend(replaces));
    let environments = environments::environments(items, folder.known_environments)
        .map_err(|environments| findings.extend(environments));
    let code = code::code(items).map_err(|code| findings.extend(code));
    match (
        description,
        skippable,
        out_of_order,
        after_migration,
        background,
        after,
        replaces,
        environments,
        code,
    ) {
        (
            Ok(description),
            Ok(skippable),
            Ok(out_of_order),
            Ok(after_migration),
            Ok(background),
            Ok(after),
            Ok(replaces),
            Ok(environments),
            Ok(code),
        ) => Ok(SeedSource {
            description,
            skippable,
            background,
            after,
            replaces,
            environments,
            out_of_order,
            after_migration,
            code,
            handler_calls: handler_calls(&file),
            canonical: canonical(tokens),
        }),
        _ => Err(findings),
    }
}

fn tokens(source: &str) -> Result<TokenStream, Vec<Finding>> {
    // The compiler does both, too, before it looks at anything: a literal over two lines has another value otherwise.
    let code = source.strip_prefix('\u{feff}').unwrap_or(source);
    TokenStream::from_str(&code.replace("\r\n", "\n")).map_err(|error| {
        let message = "syntax error: a bracket, quote or comment is not closed or was not opened, or a \
                       character is none of Rust's; correct it";
        vec![(Some(error.span().start().line), message.to_owned())]
    })
}

fn parse(source: &str, tokens: TokenStream) -> Result<syn::File, Vec<Finding>> {
    syn::parse2(tokens).map_err(|errors| {
        errors
            .into_iter()
            .map(|error| match line_of(error.span()) {
                Some(line) => (Some(line), format!("syntax error: {error}")),
                None => (
                    Some(source.lines().count().max(1)),
                    format!("syntax error: {error}"),
                ),
            })
            .collect()
    })
}

#[cfg(test)]
mod tests;
