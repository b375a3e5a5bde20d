//! The call that compiles seeds, put into a build script that exists. Pure.

use syn::spanned::Spanned;
use syn::{AttrStyle, Item, ItemFn};

use crate::app_source::{Source, is_blank_or_comment};

/// The text with `call` as the first statement of `main`, or why there is no place for it.
pub(super) fn with_call(text: &str, call: &str) -> Result<String, &'static str> {
    let source = Source::parse(text).map_err(|_| "cannot be parsed")?;
    let mains: Vec<&ItemFn> = source
        .file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Fn(function) if function.sig.ident == "main" => Some(function),
            _ => None,
        })
        .collect();
    match mains.as_slice() {
        [main] => Ok(with_first_statement(&source, main, call)),
        [] => Err("has no fn main of its own"),
        _ => Err("has several fn main"),
    }
}

fn with_first_statement(source: &Source<'_>, main: &ItemFn, call: &str) -> String {
    let brace = source.bytes(main.block.brace_token.span.open()).end;
    let inner = main.attrs.iter();
    let inner = inner.filter(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
    let at = inner
        .map(|attribute| source.bytes(attribute.span()).end)
        .fold(brace, usize::max);
    let base = indentation(source.line_before(source.bytes(main.sig.fn_token.span()).start));
    let first = main.block.stmts.first();
    let indent = first
        .map(|statement| source.line_before(source.bytes(statement.span()).start))
        .filter(|before| before.trim().is_empty() && before.len() > base.len())
        .map_or_else(|| format!("{base}    "), ToOwned::to_owned);
    let rest = source.rest_of_line(at);
    if is_blank_or_comment(rest) {
        return source.with(at + rest.len(), &format!("\n{indent}{call}"));
    }
    let blanks = rest.len() - rest.trim_start().len();
    let ends = rest.trim_start().starts_with('}');
    // What stands behind it on the same line goes to a line of its own, its own blanks included.
    let next = if ends { base } else { &indent };
    let next = next.get(..next.len().saturating_sub(blanks));
    source.with(
        at,
        &format!("\n{indent}{call}\n{}", next.unwrap_or_default()),
    )
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::with_call;

    #[track_caller]
    fn assert_becomes(before: &str, after: &str) {
        assert_eq!(with_call(before, "call();").as_deref(), Ok(after));
    }

    #[test]
    fn the_call_comes_first_and_the_rest_stays() {
        assert_becomes("fn main() {}\n", "fn main() {\n    call();\n}\n");
        assert_becomes(
            "// ä\nfn main() {\n  a( );\n}\n\nfn  b() {}",
            "// ä\nfn main() {\n  call();\n  a( );\n}\n\nfn  b() {}",
        );
        assert_becomes(
            "fn main() { // why\n\ta()\n}",
            "fn main() { // why\n\tcall();\n\ta()\n}",
        );
        assert_becomes("fn main() { a() }", "fn main() {\n    call();\n    a() }");
        assert_becomes(
            "fn main() -> Result<(), ()> {\n    #![allow(x)]\n    Ok(())\n}",
            "fn main() -> Result<(), ()> {\n    #![allow(x)]\n    call();\n    Ok(())\n}",
        );
    }

    #[test]
    fn line_ends_marks_and_first_lines_are_kept() {
        assert_becomes(
            "\u{feff}fn main() {\r\n    a();\r\n}\r\n",
            "\u{feff}fn main() {\r\n    call();\r\n    a();\r\n}\r\n",
        );
        assert_becomes(
            "#!/usr/bin/env run\nfn main() {\n    a();\n}\n",
            "#!/usr/bin/env run\nfn main() {\n    call();\n    a();\n}\n",
        );
    }

    #[test]
    fn where_there_is_no_place_it_says_so() {
        for (text, reason) in [
            ("fn main( {", "cannot be parsed"),
            ("mod a;\npub use a::main;", "has no fn main of its own"),
            (
                "#[cfg(a)] fn main() {}\n#[cfg(not(a))] fn main() {}",
                "has several fn main",
            ),
        ] {
            assert_eq!(with_call(text, "call();"), Err(reason));
        }
    }
}
