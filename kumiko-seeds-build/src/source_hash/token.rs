//! Code as it counts for a hash: without comments and layout.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::blocks::{unwrap_arms, unwrap_closures, without_semicolon_of_jump};
use super::commas::{without_commas_of_where, without_trailing_comma};
use super::uses::flatten_uses;

/// A token, or some between two brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Token {
    /// A word, a literal as it is written, or a character of punctuation.
    Plain(String),
    /// What opens it, and what is in it.
    Group(&'static str, Vec<Token>),
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Plain(plain) if plain == text)
    }

    /// What is in it, if it is a group that `open` opens.
    pub(super) fn inside(&self, open: &str) -> Option<&[Self]> {
        match self {
            Self::Group(opened, inner) if *opened == open => Some(inner),
            _ => None,
        }
    }

    /// Whether an operand can end with it, so that what follows is an operator between two.
    pub(super) fn ends_operand(&self) -> bool {
        match self {
            Self::Group(..) => true,
            Self::Plain(text) => {
                let is_text = text
                    .starts_with(|first: char| first.is_alphanumeric() || "_\"'".contains(first));
                text == "?" || (is_text && text != "'" && !is_keyword(text))
            }
        }
    }
}

/// Whether an operand can begin behind it. Behind other keywords there is an item, or they are one.
fn is_keyword(text: &str) -> bool {
    [
        "as", "async", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match",
        "move", "mut", "pub", "ref", "return", "static", "where", "while", "yield",
    ]
    .contains(&text)
}

/// Code without what people and formatters change in it: comments, also those of the documentation, white space, commas
/// before a bracket that closes, the order of `use`s, and the brackets around one expression in an arm or a closure.
pub(crate) fn canonical(stream: TokenStream) -> Vec<Token> {
    let mut tokens = Vec::new();
    push_all(&mut tokens, stream);
    let tokens = without_documentation(tokens);
    let tokens = unwrap_closures(unwrap_arms(tokens));
    flatten_uses(&without_commas_of_where(tokens))
}

fn push_all(tokens: &mut Vec<Token>, stream: TokenStream) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let token = match tree {
            TokenTree::Group(group) => {
                let Some(open) = open(group.delimiter()) else {
                    push_all(tokens, group.stream());
                    continue;
                };
                let inner = without_trailing_comma(tokens, open, canonical(group.stream()));
                Token::Group(open, without_semicolon_of_jump(open, inner))
            }
            TokenTree::Punct(punct) => {
                // Of all operators only these mean something else where they are written as two: `a & &b`.
                let is_logical = "&|".contains(punct.as_char())
                    && punct.spacing() == Spacing::Joint
                    && tokens.last().is_some_and(Token::ends_operand)
                    && trees
                        .next_if(|next| matches!(next, TokenTree::Punct(next) if next.as_char() == punct.as_char()))
                        .is_some();
                let text = punct.as_char().to_string();
                Token::Plain(if is_logical { text.repeat(2) } else { text })
            }
            TokenTree::Ident(ident) => Token::Plain(ident.to_string()),
            TokenTree::Literal(literal) => Token::Plain(literal.to_string()),
        };
        tokens.push(token);
    }
}

fn open(delimiter: Delimiter) -> Option<&'static str> {
    match delimiter {
        Delimiter::Parenthesis => Some("("),
        Delimiter::Brace => Some("{"),
        Delimiter::Bracket => Some("["),
        Delimiter::None => None,
    }
}

/// The lexer makes an attribute of a comment of the documentation.
fn without_documentation(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let is_doc = token
            .inside("[")
            .is_some_and(|inner| inner.first().is_some_and(|first| first.is("doc")));
        let marks = match kept.as_slice() {
            [.., hash, not] if hash.is("#") && not.is("!") => 2,
            [.., hash] if hash.is("#") => 1,
            _ => 0,
        };
        if is_doc && marks > 0 {
            kept.truncate(kept.len() - marks);
        } else {
            kept.push(token);
        }
    }
    kept
}
