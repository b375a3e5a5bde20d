//! A Rust file that is read for what it says and edited so that the rest stays byte for byte. Pure.

use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Span, TokenStream, TokenTree};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file that the parser understands.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: syn::File,
    /// The parser counts from behind a byte order mark and a first line `#!…`.
    skipped: usize,
}

impl<'a> Source<'a> {
    /// Fails with what the parser says.
    pub(crate) fn parse(text: &'a str) -> Result<Self, syn::Error> {
        let file = syn::parse_file(text)?;
        let mark = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let skipped = mark + file.shebang.as_ref().map_or(0, String::len);
        Ok(Self {
            text,
            file,
            skipped,
        })
    }

    /// The bytes that a span covers. That of an item has its attributes and doc comments in it.
    pub(crate) fn bytes(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        let (start, end) = (range.start + self.skipped, range.end + self.skipped);
        // That of a doc comment has one half of the line's end in it.
        let has_half = self.text[..end].ends_with('\r') && self.text[end..].starts_with('\n');
        start..if has_half { end - 1 } else { end }
    }

    /// Where code begins.
    pub(crate) fn beginning(&self) -> usize {
        self.skipped
    }

    /// The rest of the line from here, without its end.
    pub(crate) fn rest_of_line(&self, at: usize) -> &'a str {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// The line that this place is in, up to this place.
    pub(crate) fn line_before(&self, at: usize) -> &'a str {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        &before[start..]
    }

    /// The whole text with something put in, with the line ends of the file.
    pub(crate) fn with(&self, at: usize, insertion: &str) -> String {
        let (before, after) = self.text.split_at(at);
        let insertion = if self.text.contains("\r\n") {
            insertion.replace('\n', "\r\n")
        } else {
            insertion.to_owned()
        };
        format!("{before}{insertion}{after}")
    }
}

/// Whether a Rust source names something outside of comments and strings. What is no Rust names nothing.
pub(crate) fn mentions(source: &str, name: &str) -> bool {
    let source = source.strip_prefix(BYTE_ORDER_MARK).unwrap_or(source);
    TokenStream::from_str(source).is_ok_and(|tokens| has(tokens, name))
}

fn has(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => has(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether the rest of a line is nothing but blanks and a comment.
pub(crate) fn is_blank_or_comment(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with("//")
}
