//! The part of Kumiko seeds that runs while an app is compiled. Apps use it through `kumiko_seeds::include_seeds!`.
//!
//! A generated file outlives the place that it was generated for: build output is copied, moved, mounted and shared
//! between work trees, and Cargo runs the build script again only if it finds something newer. So the generated file
//! names each seed by a path from the package, and [`seed_module`] finds it from where the package is now.

mod seed_module;
mod source_hash;

use proc_macro::TokenStream;
use quote::quote;

/// The module of a seed: `seed_module!(name, VARIABLE, "path", "hash")`.
///
/// `VARIABLE` is the environment variable of Cargo that has the folder which the path starts at. The hash is that of
/// the source when the build script read it; it is an error if the file is another one by now.
#[proc_macro]
pub fn seed_module(input: TokenStream) -> TokenStream {
    match syn::parse::<seed_module::SeedModule>(input) {
        Ok(module) => quote!(#module).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
