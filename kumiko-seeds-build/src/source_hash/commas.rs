//! Commas and what they end.

use super::token::Token;

/// What is between two brackets, behind `before`, without the comma at its end. That of a tuple of one item stays: without
/// it, it is no tuple.
pub(super) fn without_trailing_comma(
    before: &[Token],
    open: &str,
    mut inner: Vec<Token>,
) -> Vec<Token> {
    if !inner.last().is_some_and(|last| last.is(",")) {
        return inner;
    }
    let is_only = inner.iter().filter(|token| token.is(",")).count() == 1;
    if open != "(" || !is_only || has_list_behind(before) {
        inner.pop();
    }
    inner
}

/// Whether parentheses behind these are no tuple, but those of a call for example.
fn has_list_behind(before: &[Token]) -> bool {
    match before {
        // A type behind `->`, a value behind `=>`.
        [.., dash, greater] if greater.is(">") => !(dash.is("-") || dash.is("=")),
        [.., last] => last.is("!") || (last.ends_operand() && last.inside("{").is_none()),
        [] => false,
    }
}

/// Without the commas at the end of a list in `<>` and of one behind `where`, which no bracket closes.
pub(super) fn without_commas_of_where(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut is_where = false;
    for token in tokens {
        let ends_where = is_where && (token.is(";") || token.inside("{").is_some());
        if (ends_where || token.is(">")) && kept.last().is_some_and(|last| last.is(",")) {
            kept.pop();
        }
        is_where = (is_where && !ends_where) || token.is("where");
        kept.push(token);
    }
    kept
}
