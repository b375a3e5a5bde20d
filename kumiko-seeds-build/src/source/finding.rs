//! Something wrong in a source, and what else items have in common.

use proc_macro2::Span;
use syn::Visibility;

/// A line of a file, counted from 1, where something has one.
pub(crate) type Line = Option<usize>;

/// Where it is, and the message.
pub(crate) type Finding = (Line, String);

pub(super) fn at(span: Span, message: String) -> Finding {
    (line_of(span), message)
}

/// The line a span starts on, or `None` for one that is nowhere in the file, as that of its end.
pub(super) fn line_of(span: Span) -> Line {
    (!span.byte_range().is_empty()).then(|| span.start().line)
}

pub(super) fn conditional(what: &str) -> String {
    format!("{what} is not in every build; take the attribute away")
}

/// `pub(self)` is a way to write private, and so may be a longer path.
pub(super) fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => false,
        Visibility::Restricted(restricted) => {
            !(restricted.path.is_ident("crate") || restricted.path.is_ident("super"))
        }
        Visibility::Inherited => true,
    }
}
