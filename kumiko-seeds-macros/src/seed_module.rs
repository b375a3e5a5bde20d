//! What stands in the generated file for the module of a seed.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

use crate::place::{let_the_script_run, place};
use crate::text_hash::text_hash;

/// A seed's module, as the build library writes it.
pub(crate) struct SeedModule {
    name: Ident,
    /// The environment variable that has the folder at which the path starts.
    variable: Ident,
    path: LitStr,
    text_hash: LitStr,
}

impl Parse for SeedModule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![,]>()?;
        let variable = input.parse()?;
        input.parse::<Token![,]>()?;
        let path = input.parse()?;
        input.parse::<Token![,]>()?;
        let text_hash = input.parse()?;
        Ok(Self {
            name,
            variable,
            path,
            text_hash,
        })
    }
}

impl SeedModule {
    /// **Invariant:** what the generated file says of a seed is said of the text that is compiled. A file that cannot be
    /// read is left to the compiler, which says so.
    fn check(&self, file: &Path) -> Result<(), String> {
        let Ok(source) = std::fs::read_to_string(file) else {
            return Ok(());
        };
        if text_hash(&source) == self.text_hash.value() {
            return Ok(());
        }
        let what = "is not what the build script has read";
        Err(let_the_script_run(&self.path.value(), what, file))
    }
}

/// A path keeps the compiler's own errors in the seed's file, where they belong. The items of a seed are `pub` so that
/// the array reaches them, whatever the app's lints say of that.
impl ToTokens for SeedModule {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let fault =
            |message: String| syn::Error::new(self.path.span(), message).into_compile_error();
        let file = match place(&self.variable, &self.path) {
            Ok(file) => file,
            Err(message) => return tokens.extend(fault(message)),
        };
        if let Err(message) = self.check(&file) {
            tokens.extend(fault(message));
        }
        // It stands there with an error, too, so that the compiler does not miss it in other places.
        let Self { name, .. } = self;
        let file = file.to_string_lossy();
        tokens.extend(quote! {
            #[path = #file]
            #[allow(unreachable_pub)]
            mod #name;
        });
    }
}
