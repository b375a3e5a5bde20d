use super::{GOOD, only_finding, read};

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

#[test]
fn out_of_order_takes_a_reason() {
    let write =
        "write `pub const OUT_OF_ORDER: &str = \"why it may run after seeds with later dates\";`";
    let source = format!("{GOOD}pub const OUT_OF_ORDER: &str = \"a reason\";");
    assert_eq!(
        read(&source).unwrap().out_of_order.as_deref(),
        Some("a reason")
    );
    assert_eq!(read(GOOD).unwrap().out_of_order, None);
    for (line, message) in [
        (
            "pub const OUT_OF_ORDER: &str = \" \";",
            "`OUT_OF_ORDER` is blank; write the reason".to_owned(),
        ),
        (
            "pub const OUT_OF_ORDER: bool = true;",
            format!("`OUT_OF_ORDER` is not a `&str`; {write}"),
        ),
        (
            "const OUT_OF_ORDER: &str = \"a\";",
            format!("`OUT_OF_ORDER` is private; {write}"),
        ),
    ] {
        assert_eq!(only_finding(&format!("{GOOD}{line}")), (3, message));
    }
}

#[test]
fn after_migration_takes_a_version() {
    let write = "write `pub const AFTER_MIGRATION: i64 = 20260512090000;`, the number before the migration's name";
    let source = format!("{GOOD}pub const AFTER_MIGRATION: i64 = 2026_05_12_09_00_00;");
    assert_eq!(
        read(&source).unwrap().after_migration,
        Some(20_260_512_090_000)
    );
    assert_eq!(read(GOOD).unwrap().after_migration, None);
    let no_version = format!("`AFTER_MIGRATION` is not the version of a migration; {write}");
    for (line, message) in [
        (
            "pub const AFTER_MIGRATION: i64 = OTHER;",
            no_version.clone(),
        ),
        (
            "pub const AFTER_MIGRATION: i64 = 99999999999999999999;",
            no_version,
        ),
        (
            "pub const AFTER_MIGRATION: u64 = 1;",
            format!("`AFTER_MIGRATION` is not an `i64`; {write}"),
        ),
        (
            "const AFTER_MIGRATION: i64 = 1;",
            format!("`AFTER_MIGRATION` is private; {write}"),
        ),
    ] {
        assert_eq!(only_finding(&format!("{GOOD}{line}")), (3, message));
    }
}
