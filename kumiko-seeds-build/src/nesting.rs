use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Calls a function for each of `items` on such stacks, and gives the outputs in the order of the items. `None` if
/// there is no memory for a single stack, or if the function panicked.
///
/// Each core takes the next item when it is done with one. Making a thread costs more than reading a file, so there
/// is none for a few.
pub(crate) fn on_large_stacks<Item: Sync, Output: Send>(
    items: &[Item],
    function: impl Fn(&Item, &LargeStack) -> Output + Sync,
) -> Option<Vec<Output>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outputs = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return outputs;
            };
            outputs.push((index, function(item, &LargeStack(PhantomData))));
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let enough = items.len().div_ceil(WORTH_A_THREAD);
    let joined: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(enough))
            .map_while(|_| {
                let thread = thread::Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, work).ok()
            })
            .collect();
        // All of them, or a second panic would become one of this thread.
        threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut outputs = Vec::with_capacity(items.len());
    for of_thread in joined {
        outputs.extend(of_thread.ok()?);
    }
    outputs.sort_unstable_by_key(|(index, _)| *index);
    (outputs.len() == items.len()).then(|| outputs.into_iter().map(|(_, output)| output).collect())
}

/// So many files take a multiple of the time that a thread takes to make.
const WORTH_A_THREAD: usize = 16;

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
    fn each_item_has_its_output_in_its_place() {
        for count in [0, 1, WORTH_A_THREAD, 20 * WORTH_A_THREAD + 1] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = on_large_stacks(&items, |item, _| item * 2).unwrap();
            assert!((0..count).map(|item| item * 2).eq(doubled), "{count}");
        }
    }

    #[test]
    fn panics_are_no_output() {
        let items: Vec<usize> = (0..20 * WORTH_A_THREAD).collect();
        for panics in [1, items.len()] {
            let outputs = on_large_stacks(&items, |item, _| {
                if *item < panics {
                    std::panic::resume_unwind(Box::new("panic"));
                }
            });
            assert_eq!(outputs, None);
        }
    }
}
