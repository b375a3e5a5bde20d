//! Brackets around one expression, which formatters add and take away as a line has room.

use super::token::Token;

/// Without the brackets around one expression in the arm of a `match`. Each arm ends with a comma.
pub(super) fn unwrap_arms(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_arm =
            matches!(kept.as_slice(), [.., equals, greater] if equals.is("=") && greater.is(">"));
        if is_arm && token.inside("{").is_some() {
            push_unwrapped(&mut kept, token);
            tokens.next_if(|next| next.is(","));
            if tokens.peek().is_some() {
                kept.push(Token::Plain(",".to_owned()));
            }
        } else {
            kept.push(token);
        }
    }
    kept
}

/// Without the brackets around one expression that is all of a closure.
pub(super) fn unwrap_closures(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut is_in_parameters = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let opens = !is_in_parameters && !kept.last().is_some_and(Token::ends_operand);
        let is_bar = token.is("|");
        let closes = is_bar && is_in_parameters;
        is_in_parameters = if is_bar { opens } else { is_in_parameters };
        kept.push(token);
        if closes && let Some(body) = tokens.next_if(|next| next.inside("{").is_some()) {
            match tokens.peek() {
                Some(next) if !(next.is(",") || next.is(";")) => kept.push(body),
                _ => push_unwrapped(&mut kept, body),
            }
        }
    }
    kept
}

fn push_unwrapped(tokens: &mut Vec<Token>, block: Token) {
    match block {
        Token::Group("{", inner)
            if !inner.is_empty() && !inner.iter().any(|token| token.is(";")) =>
        {
            tokens.extend(inner);
        }
        block => tokens.push(block),
    }
}

/// Without the semicolon behind a `return`, `break` or `continue` that is the last in a block: nothing comes behind it either way.
pub(super) fn without_semicolon_of_jump(open: &str, mut inner: Vec<Token>) -> Vec<Token> {
    let is_jump = |token: &Token| {
        ["return", "break", "continue"]
            .iter()
            .any(|text| token.is(text))
    };
    if open == "{"
        && let Some((last, before)) = inner.split_last()
        && last.is(";")
        && before
            .iter()
            .rev()
            .take_while(|token| !token.is(";"))
            .any(is_jump)
    {
        inner.pop();
    }
    inner
}
