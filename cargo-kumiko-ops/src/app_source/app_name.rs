//! The name that a package's source gives the app: `SeedRunner::new(SEEDS).app("billing")`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};
use syn::LitStr;

use super::source::mentions;
use crate::text_file::first_file;

/// Where the source names the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppName {
    pub(crate) path: PathBuf,
    /// The name; none if it is no literal.
    pub(crate) name: Option<String>,
}

/// The name in the folder or below it. Only a file that speaks of a `SeedRunner` can name it.
pub(crate) fn app_name(folder: &Path) -> Option<AppName> {
    let file = first_file(folder, &|text| {
        mentions(text, "SeedRunner") && argument(text).is_some()
    })?;
    let name = literal(argument(&file.text)?);
    Some(AppName {
        path: file.path,
        name,
    })
}

/// The argument of the first call of a method `app`, if there is one.
fn argument(text: &str) -> Option<TokenStream> {
    let tokens = TokenStream::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    argument_in(tokens)
}

fn argument_in(tokens: TokenStream) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let called = tokens.windows(3).find_map(|three| match three {
        [
            TokenTree::Punct(dot),
            TokenTree::Ident(method),
            TokenTree::Group(arguments),
        ] if dot.as_char() == '.' && method == "app" => Some(arguments.stream()),
        _ => None,
    });
    called.or_else(|| {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Group(group) => argument_in(group.stream()),
            _ => None,
        })
    })
}

fn literal(argument: TokenStream) -> Option<String> {
    let literal: LitStr = syn::parse2(argument).ok()?;
    Some(literal.value())
}

#[cfg(test)]
mod tests {
    use super::{argument, literal};

    #[test]
    fn the_argument_is_found_wherever_the_call_is() {
        for text in [
            "fn a() -> R { R::new(S).app(\"billing\") }",
            "fn a() -> R { R::new(S)\n    // Why.\n    .app(\"billing\")\n    .handlers(h()) }",
            "\u{feff}fn a() -> R { b(|r| r.app(\"billing\")) }",
        ] {
            let name = argument(text).and_then(literal);
            assert_eq!(name.as_deref(), Some("billing"), "{text}");
        }
        let by_name = argument("fn a() { r.app(NAME) }");
        assert_eq!(by_name.map(literal), Some(None));
        for text in [
            "fn a() { ctx.app::<Key>() }",
            "// .app(\"billing\")",
            "fn {",
        ] {
            assert!(argument(text).is_none(), "{text}");
        }
    }
}
