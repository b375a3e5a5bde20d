use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprAwait, ExprMethodCall, Lit, Token};

use crate::condition::condition;

/// A call of a write handler that can be read from the source: `.system_write_as("name", ..)` or
/// `.system_batch("name", ..)` with the name written as a string literal.
///
/// Calls below a `#[cfg(..)]` are not among them, because they may not be in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerCall {
    /// The qualified name of the write handler.
    pub handler: String,
    /// The roles the call adds to the system user's: none (`Some` of an empty list) if the chain from the call
    /// to its `.await` has no `.with_roles(..)`, those written as string literals if it has one, and `None`
    /// where the source does not tell.
    pub roles: Option<Vec<String>>,
    /// The line of the call, counted from 1.
    pub line: usize,
}

/// All such calls of a file, in the order of the source.
pub(crate) fn handler_calls(file: &syn::File) -> Vec<HandlerCall> {
    let mut visitor = Visitor {
        rest: None,
        calls: Vec::new(),
    };
    visitor.visit_file(file);
    visitor.calls.sort_by_key(|call| call.line);
    visitor.calls
}

/// What the rest of a method chain says about the roles of the call at its start: those it adds, or `None` where
/// that cannot be told. The chain is walked from its end, so the rest is known when the call is met.
///
/// **Invariant:** roles are only recorded as known if they cannot be otherwise, because a run is refused before
/// its first write if a role is missing. A chain that does not end in `.await` may get its roles later, and a
/// method unknown here may add some.
type RolesOfRest = Option<Vec<String>>;

fn with_link(rest: RolesOfRest, call: &ExprMethodCall) -> RolesOfRest {
    let rest = rest?;
    if call.method == "with_roles" {
        let mut roles = string_literals(call.args.first()?)?;
        roles.extend(rest);
        Some(roles)
    } else {
        (call.method == "in_tenant").then_some(rest)
    }
}

struct Visitor {
    /// Holds only for the method call visited next.
    rest: RolesOfRest,
    calls: Vec<HandlerCall>,
}

impl Visitor {
    fn visit_link(&mut self, expression: &Expr, rest: RolesOfRest) {
        // Anything but a method call starts something new: `(if a { x.system_write_as(..) } else { .. }).await`.
        let link = without_parentheses(expression);
        if let Expr::MethodCall(call) = link {
            self.rest = rest;
            self.visit_expr_method_call(call);
        } else {
            self.visit_expr(link);
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_expr_await(&mut self, awaited: &'ast ExprAwait) {
        self.visit_link(&awaited.base, Some(Vec::new()));
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let rest = self.rest.take();
        if call.method == "system_write_as" || call.method == "system_batch" {
            if let Some(handler) = call.args.first().and_then(string_literal) {
                self.calls.push(HandlerCall {
                    handler,
                    roles: rest,
                    line: call.method.span().start().line,
                });
            }
            self.visit_expr(&call.receiver);
        } else {
            self.visit_link(&call.receiver, with_link(rest, call));
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    /// The tokens of a macro are its own affair; what reads as expressions is taken as such.
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        if let Some(expressions) = expressions_in(invocation) {
            for expression in &expressions {
                self.visit_expr(expression);
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if condition(&item.attrs).is_none() {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if condition(&item.attrs).is_none() {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if condition(&item.attrs).is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if condition(&item.attrs).is_none() {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        if condition(&block.attrs).is_none() {
            visit::visit_expr_block(self, block);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if condition(&local.attrs).is_none() {
            visit::visit_local(self, local);
        }
    }
}

fn expressions_in(invocation: &syn::Macro) -> Option<Punctuated<Expr, Token![,]>> {
    Punctuated::<Expr, Token![,]>::parse_terminated
        .parse2(invocation.tokens.clone())
        .ok()
}

/// The values of `["a", "b"]`, `&["a", "b"]` or `vec!["a", "b"]`.
fn string_literals(expression: &Expr) -> Option<Vec<String>> {
    match without_parentheses(expression) {
        Expr::Reference(reference) => string_literals(&reference.expr),
        Expr::Array(array) => array.elems.iter().map(string_literal).collect(),
        Expr::Macro(invocation) if invocation.mac.path.is_ident("vec") => {
            let elements = expressions_in(&invocation.mac)?;
            elements.iter().map(string_literal).collect()
        }
        _ => None,
    }
}

fn string_literal(expression: &Expr) -> Option<String> {
    match literal(expression) {
        Some(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

pub(crate) fn literal(expression: &Expr) -> Option<&Lit> {
    match without_parentheses(expression) {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}

fn without_parentheses(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => without_parentheses(&inner.expr),
        Expr::Group(inner) => without_parentheses(&inner.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests;
