//! `use`s, whose order and nesting mean nothing.

use super::token::Token;

/// Each run of `use`s as sorted ones of one path each.
pub(super) fn flatten_uses(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while !rest.is_empty() {
        let mut run = Vec::new();
        while let Some((uses, behind)) = next_use(rest) {
            run.extend(uses);
            rest = behind;
        }
        run.sort();
        run.dedup();
        kept.extend(run.into_iter().flatten());
        if let [token, behind @ ..] = rest {
            kept.push(token.clone());
            rest = behind;
        }
    }
    kept
}

/// The `use` that the tokens begin with, as those of one path each, and what is behind it.
fn next_use(tokens: &[Token]) -> Option<(Vec<Vec<Token>>, &[Token])> {
    let mut rest = tokens;
    while let [hash, Token::Group("[", _), behind @ ..] = rest
        && hash.is("#")
    {
        rest = behind;
    }
    if let [public, behind @ ..] = rest
        && public.is("pub")
    {
        rest = behind;
        if let [Token::Group("(", _), behind @ ..] = rest {
            rest = behind;
        }
    }
    let [keyword, tree @ ..] = rest else {
        return None;
    };
    // `impl A + use<'a>` says what a type captures.
    if !keyword.is("use") || tree.first().is_some_and(|first| first.is("<")) {
        return None;
    }
    let end = tree.iter().position(|token| token.is(";"))?;
    let before = &tokens[..tokens.len() - tree.len()];
    let mut paths = Vec::new();
    push_paths(&mut paths, before, &tree[..end]);
    for path in &mut paths {
        path.push(tree[end].clone());
    }
    Some((paths, &tree[end + 1..]))
}

fn push_paths(paths: &mut Vec<Vec<Token>>, before: &[Token], tree: &[Token]) {
    match tree {
        [path @ .., Token::Group("{", inner)] if !inner.is_empty() => {
            let before = [before, path].concat();
            for branch in inner.split(|token| token.is(",")) {
                push_paths(paths, &before, branch);
            }
        }
        path => paths.push([before, path].concat()),
    }
}
