//! What stands in the generated file for the folder of seeds: nothing, or what does not fit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token, bracketed};

use crate::place::{let_the_script_run, place};

/// The seeds of a folder, as the build library writes them.
pub(crate) struct SeedFolder {
    /// The environment variable that has the folder at which the path starts.
    variable: Ident,
    path: LitStr,
    ids: BTreeSet<String>,
}

impl Parse for SeedFolder {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let variable = input.parse()?;
        input.parse::<Token![,]>()?;
        let path = input.parse()?;
        input.parse::<Token![,]>()?;
        let ids;
        bracketed!(ids in input);
        let ids = ids.parse_terminated(<LitStr as Parse>::parse, Token![,])?;
        Ok(Self {
            variable,
            path,
            ids: ids.iter().map(LitStr::value).collect(),
        })
    }
}

impl SeedFolder {
    /// **Invariant:** the seeds of the generated file are those of the folder. One that is gone is missed by the compiler;
    /// one that has come is missed here. What the folder may hold otherwise, the build script has looked at.
    fn missed(&self) -> Result<Vec<String>, String> {
        let folder = place(&self.variable, &self.path)?;
        let Ok(entries) = fs::read_dir(&folder) else {
            return Ok(Vec::new());
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let missed: BTreeSet<String> = names
            .filter(|name| !name.starts_with(['_', '.']))
            .filter(|name| {
                name.strip_suffix(".rs")
                    .is_some_and(|id| !self.ids.contains(id))
            })
            .collect();
        let shown = self.path.value();
        let fault = |name: String| {
            let shown = Path::new(&shown).join(&name);
            let what = "is not among the seeds that the build script has read";
            let_the_script_run(&shown.to_string_lossy(), what, &folder.join(name))
        };
        Ok(missed.into_iter().map(fault).collect())
    }
}

impl ToTokens for SeedFolder {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let faults = self.missed().unwrap_or_else(|fault| vec![fault]);
        tokens.extend(
            faults
                .into_iter()
                .map(|fault| syn::Error::new(self.path.span(), fault).into_compile_error()),
        );
    }
}
