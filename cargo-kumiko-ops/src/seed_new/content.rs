//! The content of a new seed. Pure.

use kumiko_ops_templates::{
    SEED, SEED_BATCH, SEED_BATCH_OF_COMMANDS, SEED_BATCH_OF_ROWS, SEED_BATCH_RESULT,
    SEED_CONTEXT_MODULE, SEED_DESCRIPTION, SEED_MIGRATING_STREAMS, SEED_MIGRATING_STREAMS_IMPORTS,
    SEED_OF_COMMANDS, SEED_OF_ROWS,
};

use crate::package::Writes;

/// What differs from seed to seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub(super) id: &'a str,
    pub(super) slug: &'a str,
    /// What the seed was said to change, as it was typed.
    pub(super) text: &'a str,
    /// The module that this app's seeds take their context from.
    pub(super) context_module: &'a str,
    /// The library that seeds are written with.
    pub(super) library: &'a str,
    pub(super) writes: Writes,
}

/// The seed that the subcommand brings along.
pub(super) fn built_in(values: Values<'_>) -> String {
    let template = match values.writes {
        Writes::Events => SEED,
        Writes::Commands => SEED_OF_COMMANDS,
        Writes::Rows => SEED_OF_ROWS,
    };
    filled_in(template, values)
}

/// The seed of many steps that the subcommand brings along.
pub(super) fn built_in_batch(values: Values<'_>) -> String {
    let template = match values.writes {
        Writes::Events => SEED_BATCH,
        Writes::Commands => SEED_BATCH_OF_COMMANDS,
        Writes::Rows => SEED_BATCH_OF_ROWS,
    };
    let import = format!("use {}::BatchResult;", values.library);
    filled_in(&template.replace(SEED_BATCH_RESULT, &import), values)
}

/// The seed that migrates streams which the subcommand brings along.
pub(super) fn built_in_migration(values: Values<'_>) -> String {
    let imports = SEED_MIGRATING_STREAMS_IMPORTS.iter();
    let template = imports.fold(SEED_MIGRATING_STREAMS.to_owned(), |template, import| {
        template.replace(import, &import.replace("kumiko_seeds", values.library))
    });
    filled_in(&template, values)
}

fn filled_in(template: &str, values: Values<'_>) -> String {
    template
        .replace(SEED_CONTEXT_MODULE, values.context_module)
        .replace(SEED_DESCRIPTION, &values.description())
}

/// A seed from a template of the project, with its placeholders filled in. Every other brace stays: in
/// Rust it may well mean something.
pub(super) fn from_template(template: &str, values: Values<'_>) -> String {
    let description = values.description();
    let placeholders = [
        ("{{id}}", values.id),
        ("{{slug}}", values.slug),
        ("{{description}}", &description),
        ("{{context}}", values.context_module),
    ];
    let mut content = String::new();
    let mut rest = template;
    // From left to right, so that what is filled in is not searched for placeholders.
    while let Some(at) = rest.find("{{") {
        let (before, from_here) = rest.split_at(at);
        content.push_str(before);
        let found = placeholders
            .iter()
            .find(|(name, _)| from_here.starts_with(name));
        let (name, value) = found.copied().unwrap_or(("{{", "{{"));
        content.push_str(value);
        rest = &from_here[name.len()..];
    }
    content + rest
}

impl Values<'_> {
    /// `fix-admin-roles` as `Fix admin roles`, and other text as it was typed; as it stands in a string
    /// literal of Rust.
    fn description(&self) -> String {
        let divider: &[char] = if self.text == self.slug {
            &['-']
        } else {
            &[' ', '\t', '\r', '\n']
        };
        let words: Vec<&str> = self
            .text
            .split(divider)
            .filter(|word| !word.is_empty())
            .collect();
        let words = words.join(" ");
        let mut letters = words.chars();
        let first = letters.next().filter(|_| !words.trim().is_empty());
        let Some(first) = first else {
            // The slug is nothing but dashes, or the text nothing but blanks of another kind.
            return SEED_DESCRIPTION.to_owned();
        };
        let sentence: String = first.to_uppercase().chain(letters).collect();
        let literal = format!("{sentence:?}");
        literal[1..literal.len() - 1].to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn values<'a>(text: &'a str, slug: &'a str) -> Values<'a> {
        Values {
            id: "2026-05-20-x",
            slug,
            text,
            context_module: "crate::database",
            library: "kumiko_seeds",
            writes: Writes::Events,
        }
    }

    proptest! {
        /// Also if it was made to break out of its literal, or to be filled in like a template.
        #[test]
        fn any_text_becomes_the_description_and_nothing_else(
            pieces in vec(prop_oneof![
                any::<char>().prop_map(String::from),
                select(vec![
                    "\"", "\\", "\"; evil!(); \"", "{{id}}", "{{description}}", "{{", "\n", "\r", "\u{0}", "\u{202e}",
                    SEED_DESCRIPTION, SEED_CONTEXT_MODULE, "*/", "//", "a b",
                ]).prop_map(str::to_owned),
            ], 1..8)
        ) {
            let text = pieces.concat();
            let template = "use {{context}}::*;\npub const DESCRIPTION: &str = \"{{description}}\";\n\
                            pub async fn run(c: C) -> R { \"{{id}}\" }";
            let folder = tempfile::tempdir()?;
            let values = values(&text, "x");
            let contents = [
                ("a", built_in(values)),
                ("b", from_template(template, values)),
                ("c", built_in_batch(values)),
                ("d", built_in_migration(values)),
            ];
            for (name, content) in contents {
                std::fs::write(folder.path().join(format!("2026-05-20-{name}.rs")), content)?;
            }
            let seeds = kumiko_seeds_build::scan(folder.path());
            let seeds = seeds.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let words: Vec<&str> = text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
            let (first, rest) = words.first().map_or(("", ""), |word| {
                word.split_at(word.chars().next().map_or(0, char::len_utf8))
            });
            let mut expected = first.to_uppercase() + rest;
            words.iter().skip(1).for_each(|word| expected = format!("{expected} {word}"));
            if expected.trim().is_empty() {
                SEED_DESCRIPTION.clone_into(&mut expected);
            }
            prop_assert_eq!(seeds.len(), 4);
            for seed in seeds {
                prop_assert_eq!(&seed.description, &expected);
            }
        }
    }

    #[test]
    fn the_template_gets_what_the_app_has() {
        let content = built_in(values("fix-admin--roles", "fix-admin--roles"));
        assert!(content.contains("use crate::database::{SeedContext, SeedResult};"));
        assert!(content.contains("DESCRIPTION: &str = \"Fix admin roles\";"));
        assert!(!content.contains(SEED_CONTEXT_MODULE));
        assert!(built_in(values("-", "-")).contains(SEED_DESCRIPTION));
        assert!(built_in(values("\u{2003}", "x")).contains(SEED_DESCRIPTION));
    }

    #[test]
    fn a_seed_of_many_steps_is_one_whatever_the_app_writes() {
        for writes in [Writes::Events, Writes::Commands, Writes::Rows] {
            let renamed = Values {
                library: "seeds",
                writes,
                ..values("fix-roles", "fix-roles")
            };
            let folder = tempfile::tempdir().unwrap();
            let content = built_in_batch(renamed);
            std::fs::write(folder.path().join("2026-05-20-x.rs"), &content).unwrap();
            let seeds = kumiko_seeds_build::scan(folder.path()).unwrap();
            assert!(seeds[0].in_steps, "{content}");
            let imports = "use seeds::BatchResult;\nuse crate::database::SeedContext;\n";
            assert!(content.contains(imports), "{content}");
        }
    }

    #[test]
    fn a_seed_that_migrates_streams_is_one_of_many_steps() {
        let renamed = Values {
            library: "seeds",
            ..values("move-users", "move-users")
        };
        let folder = tempfile::tempdir().unwrap();
        let content = built_in_migration(renamed);
        std::fs::write(folder.path().join("2026-05-20-x.rs"), &content).unwrap();
        let seeds = kumiko_seeds_build::scan(folder.path()).unwrap();
        assert!(seeds[0].in_steps, "{content}");
        assert!(
            content.contains("use seeds::events::{MigrateResult"),
            "{content}"
        );
        let imports = "use crate::database::SeedContext;\nuse seeds::{BatchResult, CountResult};\n";
        assert!(content.contains(imports), "{content}");
    }

    #[test]
    fn a_description_is_what_was_typed() {
        for (text, literal) in [
            ("Fix  admin-roles!", "Fix admin-roles!"),
            ("say \"so\"\\\nnow", "Say \\\"so\\\"\\\\ now"),
            ("don't", "Don't"),
        ] {
            assert_eq!(values(text, "x").description(), literal);
        }
    }

    #[test]
    fn only_placeholders_are_filled_in_and_only_once() {
        let template = "{{id}} {{slug}} {{description}} {{context}} {{{id}}} {{other}} {{ {";
        assert_eq!(
            from_template(template, values("{{id}}!", "id")),
            "2026-05-20-x id {{id}}! crate::database {{{id}}} {{other}} {{ {"
        );
    }
}
