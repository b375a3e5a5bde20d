use super::{GOOD, only_finding};

#[test]
fn a_description_is_a_public_string_literal() {
    let write = "write `pub const DESCRIPTION: &str = \"what it changes\";`";
    let line = "pub const DESCRIPTION: &str = \"Text\";";
    for (instead, expected) in [
        (
            "",
            (0, format!("there is no constant `DESCRIPTION`; {write}")),
        ),
        (
            "const DESCRIPTION: &str = \"Text\";",
            (1, format!("`DESCRIPTION` is private; {write}")),
        ),
        (
            "pub(self) const DESCRIPTION: &str = \"Text\";",
            (1, format!("`DESCRIPTION` is private; {write}")),
        ),
        (
            "\npub static DESCRIPTION: &str = \"Text\";",
            (
                2,
                format!("`DESCRIPTION` is a static instead of a constant; {write}"),
            ),
        ),
        (
            "pub const DESCRIPTION: String = \"Text\";",
            (1, format!("`DESCRIPTION` is not a `&str`; {write}")),
        ),
        (
            "pub const DESCRIPTION: &[u8] = b\"Text\";",
            (1, format!("`DESCRIPTION` is not a `&str`; {write}")),
        ),
        (
            "pub const DESCRIPTION: &str =\nconcat!(\"a\", \"b\");",
            (
                2,
                format!(
                    "`DESCRIPTION` is not a string literal, and it is shown without compiling; {write}"
                ),
            ),
        ),
        (
            "pub const DESCRIPTION: &str = \" \\n\";",
            (
                1,
                "`DESCRIPTION` is blank; write what the seed changes".to_owned(),
            ),
        ),
    ] {
        assert_eq!(
            only_finding(&GOOD.replace(line, instead)),
            expected,
            "{instead}"
        );
    }
}

#[test]
fn a_switch_is_a_public_bool_literal() {
    let write = "write `pub const SKIPPABLE: bool = true;`";
    for (line, message) in [
        ("const SKIPPABLE: bool = true;", "`SKIPPABLE` is private; "),
        (
            "pub static SKIPPABLE: bool = true;",
            "`SKIPPABLE` is a static instead of a constant; ",
        ),
        (
            "pub const SKIPPABLE: &str = \"true\";",
            "`SKIPPABLE` is not a `bool`; ",
        ),
        (
            "pub const SKIPPABLE: bool = cfg!(debug_assertions);",
            "`SKIPPABLE` is neither `true` nor `false`; ",
        ),
    ] {
        let expected = format!("{message}{write}");
        for name in ["SKIPPABLE", "BACKGROUND"] {
            let named = |text: &str| text.replace("SKIPPABLE", name);
            let source = format!("{GOOD}{}", named(line));
            assert_eq!(only_finding(&source), (3, named(&expected)));
        }
    }
}
