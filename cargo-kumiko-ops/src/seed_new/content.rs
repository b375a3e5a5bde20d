//! The content of a new seed. Pure.

use kumiko_ops_templates::{SEED, SEED_CONTEXT_MODULE, SEED_DESCRIPTION};

/// The template with the module that this app's seeds take their context from, and the slug as the
/// description.
pub(super) fn seed(slug: &str, context_module: &str) -> String {
    SEED.replace(SEED_CONTEXT_MODULE, context_module)
        .replace(SEED_DESCRIPTION, &description(slug))
}

/// `fix-admin-roles` as `Fix admin roles`. A slug has nothing that a string literal would escape.
fn description(slug: &str) -> String {
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => format!("{}{}", first.to_ascii_uppercase(), letters.as_str()),
        // The slug is nothing but dashes.
        None => SEED_DESCRIPTION.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_gets_what_the_app_has() {
        let content = seed("fix-admin--roles", "crate::database");
        assert!(content.contains("use crate::database::{SeedContext, SeedResult};"));
        assert!(content.contains("DESCRIPTION: &str = \"Fix admin roles\";"));
        assert!(!content.contains(SEED_CONTEXT_MODULE));
        assert_eq!(seed("-", SEED_CONTEXT_MODULE), SEED);
    }
}
