//! What stands in the generated file for the module of a seed.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

use crate::source_hash::source_hash;

/// A seed's module, as the build library writes it.
pub(crate) struct SeedModule {
    name: Ident,
    /// The environment variable that has the folder at which the path starts.
    variable: Ident,
    path: LitStr,
    source_hash: LitStr,
}

impl Parse for SeedModule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![,]>()?;
        let variable = input.parse()?;
        input.parse::<Token![,]>()?;
        let path = input.parse()?;
        input.parse::<Token![,]>()?;
        let source_hash = input.parse()?;
        Ok(Self {
            name,
            variable,
            path,
            source_hash,
        })
    }
}

impl SeedModule {
    fn file(&self) -> Result<PathBuf, String> {
        let variable = self.variable.to_string();
        let folder = std::env::var_os(&variable).ok_or_else(|| {
            format!("the environment variable {variable} is not set; let Cargo run the compiler")
        })?;
        Ok(Path::new(&folder).join(self.path.value()))
    }

    /// **Invariant:** what the generated file says of a seed is said of the text that is compiled. A file that cannot be
    /// read is left to the compiler, which says so.
    fn check(&self, file: &Path) -> Result<(), String> {
        let Ok(source) = std::fs::read_to_string(file) else {
            return Ok(());
        };
        if source_hash(&source) == self.source_hash.value() {
            return Ok(());
        }
        Err(format!(
            "{} is not what the build script has read, and its time stamp does not tell; let the script run again:\n    \
             touch {}",
            self.path.value(),
            shell_word(&file.to_string_lossy())
        ))
    }
}

/// A path keeps the compiler's own errors in the seed's file, where they belong. The items of a seed are `pub` so that
/// the array reaches them, whatever the app's lints say of that.
impl ToTokens for SeedModule {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let fault =
            |message: String| syn::Error::new(self.path.span(), message).into_compile_error();
        let file = match self.file() {
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

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "/._-\\:".contains(character);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_path_can_be_pasted() {
        for (path, word) in [
            ("/app/seeds/2026-05-20-x.rs", "/app/seeds/2026-05-20-x.rs"),
            ("/my app/it's", r"'/my app/it'\''s'"),
        ] {
            assert_eq!(shell_word(path), word);
        }
    }
}
