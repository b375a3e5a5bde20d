//! Where something is at the time at which the app is compiled.

use std::path::{Path, PathBuf};

use syn::{Ident, LitStr};

/// The path, from the folder that Cargo tells the compiler in `variable`.
pub(crate) fn place(variable: &Ident, path: &LitStr) -> Result<PathBuf, String> {
    let variable = variable.to_string();
    let folder = std::env::var_os(&variable).ok_or_else(|| {
        format!("the environment variable {variable} is not set; let Cargo run the compiler")
    })?;
    Ok(Path::new(&folder).join(path.value()))
}

/// That a file is not as the build script has found it, and the line that helps.
pub(crate) fn let_the_script_run(shown: &str, what: &str, file: &Path) -> String {
    format!(
        "{shown} {what}, and its time stamp does not tell; let the script run again:\n    touch {}",
        shell_word(&file.to_string_lossy())
    )
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
