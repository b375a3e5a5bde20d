use std::marker::PhantomData;
use std::thread;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// More than any code that people write, and little enough for [`STACK`].
const LIMIT: usize = 2_000;

/// Without optimisation the worst of what [`LIMIT`] lets through takes between 32 and 48 MiB. What is not used takes
/// no memory.
const STACK: usize = 128 * 1024 * 1024;

/// Where the tokens are nested so deep that the parser, which calls itself for each level, could run out of
/// stack. That would end the process without a message.
pub(crate) fn nested_too_deep(tokens: TokenStream) -> Option<Span> {
    let mut levels = vec![Level::new(tokens)];
    let mut depth = 0;
    while let Some(level) = levels.last_mut() {
        let Some(token) = level.tokens.next() else {
            depth -= level.unfinished;
            levels.pop();
            continue;
        };
        depth -= level.unfinished;
        level.count(&token);
        depth += level.unfinished;
        if depth > LIMIT {
            return Some(token.span());
        }
        if let TokenTree::Group(group) = token {
            levels.push(Level::new(group.stream()));
        }
    }
    None
}

/// Shows that the current thread has a stack for what [`nested_too_deep`] lets through. The pointer keeps it from
/// being shown to another thread.
pub(crate) struct LargeStack(PhantomData<*const ()>);

/// Runs a function on such a stack. `None` if there is no memory for it, or if the function panicked.
///
/// Making the thread costs more than reading a file, so one call should be for many files.
pub(crate) fn on_large_stack<Output: Send>(
    function: impl FnOnce(&LargeStack) -> Output + Send,
) -> Option<Output> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let on_thread = || function(&LargeStack(PhantomData));
        thread.spawn_scoped(scope, on_thread).ok()?.join().ok()
    })
}

/// The inside of one pair of brackets.
struct Level {
    tokens: IntoIter,
    /// The tokens since the last end of a statement or element. Each of them can be one more call of the parser:
    /// `- - - x`, `a.b().c()`, `if a {} else if b {}`.
    unfinished: usize,
    /// The last token was a `{ .. }`, which is an end unless the next token goes on from there.
    after_braces: bool,
    /// The last tokens were `#` or `#!`, so a `[ .. ]` is an attribute or a line of documentation.
    after_hash: bool,
}

impl Level {
    fn new(tokens: TokenStream) -> Self {
        Self {
            tokens: tokens.into_iter(),
            unfinished: 0,
            after_braces: false,
            after_hash: false,
        }
    }

    fn count(&mut self, token: &TokenTree) {
        let goes_on = match token {
            TokenTree::Punct(punct) => punct.as_char() != '#',
            TokenTree::Ident(ident) => ident == "else" || ident == "as",
            _ => false,
        };
        if self.after_braces && !goes_on {
            self.unfinished = 0;
        }
        self.after_braces = is_group(token, Delimiter::Brace);
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => self.unfinished = 0,
            TokenTree::Punct(punct) if punct.as_char() == '#' => self.after_hash = true,
            TokenTree::Punct(punct) if punct.as_char() == '!' && self.after_hash => {}
            _ => {
                if !(self.after_hash && is_group(token, Delimiter::Bracket)) {
                    self.unfinished += 1;
                }
                self.after_hash = false;
            }
        }
    }
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn is_too_deep(code: &str) -> bool {
        nested_too_deep(code.parse().unwrap()).is_some()
    }

    #[test]
    fn long_files_are_not_deep() {
        for code in [
            "fn f() { a.b(); }\n".repeat(5_000),
            "/// Text.\n".repeat(5_000) + "fn f() {}",
            "//! Text.\n".repeat(5_000),
            format!("const A: &[u8] = &[{}];", "1, ".repeat(5_000)),
            format!("fn f() {{ match a {{ {} }} }}", "A => {} ".repeat(5_000)),
            format!("fn f() {{ {} }}", "a(b, c + d).e()?;".repeat(5_000)),
            format!("fn f() {{ {} }}", "if a { b } ".repeat(5_000)),
            format!("fn f() {{ x{} }}", ".set(a, b)".repeat(300)),
        ] {
            assert!(!is_too_deep(&code), "{}", &code[..80]);
        }
    }

    #[test]
    fn deep_code_is_found() {
        let deep = 100_000;
        for code in [
            format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
            format!("{}1{}", "{".repeat(deep), "}".repeat(deep)),
            format!("{}a", "!".repeat(deep)),
            format!("{}a", "return ".repeat(deep)),
            format!("{}a", "|| ".repeat(deep)),
            format!("1{}", "+1".repeat(deep)),
            format!("a{}", ".b()".repeat(deep)),
            format!("a{}", "[0]".repeat(deep)),
            format!("if a {{}} {}", "else if a {}".repeat(deep)),
            format!("a {{}} {}", " as u8".repeat(deep)),
            format!("{}B{}", "A<".repeat(deep), ">".repeat(deep)),
        ] {
            assert!(is_too_deep(&code), "{}", &code[..40]);
        }
    }

    #[test]
    fn a_panic_is_no_output() {
        assert_eq!(on_large_stack(|_| 1), Some(1));
        assert_eq!(
            on_large_stack(|_| std::panic::resume_unwind(Box::new("panic"))),
            None::<u8>
        );
    }
}
