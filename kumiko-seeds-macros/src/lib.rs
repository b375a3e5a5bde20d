//! The part of Kumiko seeds that runs while an app is compiled. Apps use it through `kumiko_seeds::include_seeds!`.
//!
//! A generated file outlives the place that it was generated for: build output is copied, moved, mounted and shared
//! between work trees, and Cargo runs the build script again only if it finds something newer. So the generated file
//! names each seed by a path from the package, [`seed_module!`] finds it from where the package is now, and [`seed_folder!`]
//! misses what is there and not in the file.

mod place;
mod seed_folder;
mod seed_module;
mod text_hash;

use proc_macro::TokenStream;
use quote::quote;

/// Nothing, if the seeds of a folder are those that the build script has read: `seed_folder!(VARIABLE, "path", ["id"])`.
///
/// `VARIABLE` is the environment variable of Cargo that has the folder which the path starts at.
#[proc_macro]
pub fn seed_folder(input: TokenStream) -> TokenStream {
    match syn::parse::<seed_folder::SeedFolder>(input) {
        Ok(folder) => quote!(#folder).into(),
        Err(error) => error.into_compile_error().into(),
    }
}

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
