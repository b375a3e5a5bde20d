use super::{GOOD, ID, findings, only_finding};

#[test]
fn after_is_a_public_list_of_ids() {
    let write = "write `pub const AFTER: &[&str] = &[\"YYYY-MM-DD-what-it-changes\"];`";
    let no_list = "`AFTER` is not a list of string literals, and it is read without compiling";
    for (line, fault) in [
        ("const AFTER: &[&str] = &[];", "`AFTER` is private"),
        (
            "pub static AFTER: &[&str] = &[];",
            "`AFTER` is a static instead of a constant",
        ),
        (
            "pub const AFTER: [&str; 0] = [];",
            "`AFTER` is not a `&[&str]`",
        ),
        (
            "pub const AFTER: &str = \"a\";",
            "`AFTER` is not a `&[&str]`",
        ),
        (
            "pub const AFTER: &[String] = &[];",
            "`AFTER` is not a `&[&str]`",
        ),
        ("pub const AFTER: &[&str] = OTHERS;", no_list),
        ("pub const AFTER: &[&str] = &[OTHER];", no_list),
        ("pub const AFTER: &[&str] = &[b\"a\"];", no_list),
        (
            "pub const AFTER: &[&str] = &[#[cfg(unix)] \"2026-05-21-b\"];",
            no_list,
        ),
    ] {
        let source = format!("{GOOD}{line}");
        assert_eq!(only_finding(&source), (3, format!("{fault}; {write}")));
    }
}

#[test]
fn after_names_seeds_that_come_before() {
    for (id, message) in [
        (
            "2026-05-20-fix-role",
            "there is no seed 2026-05-20-fix-role to come after; write \"2026-05-20-fix-roles\"",
        ),
        (
            "2026-05-20-other",
            "there is no seed 2026-05-20-other to come after; write the id of a seed, or take \"2026-05-20-other\" \
             out of `AFTER`",
        ),
        (
            "fix-roles",
            "`AFTER` names \"fix-roles\", which is no id of a seed: the name does not start with a date written \
             YYYY-MM-DD; write \"2026-05-20-fix-roles\"",
        ),
        (
            "2026-05-20-fix-roles.rs",
            "`AFTER` names \"2026-05-20-fix-roles.rs\", which is no id of a seed: the slug contains '.', and only \
             a-z, 0-9 and - are allowed; write \"2026-05-20-fix-roles\"",
        ),
        (
            "",
            "`AFTER` names \"\", which is no id of a seed: the name does not start with a date written YYYY-MM-DD; \
             write the id of a seed, or take \"\" out of `AFTER`",
        ),
        (
            ID,
            "the seed is to come after itself; take its id out of `AFTER`",
        ),
        (
            "2026-05-23-d",
            "2026-05-23-d sorts after this seed, so this one cannot wait for it; take it out of `AFTER`, or give \
             the file a later date if the seed is applied nowhere yet",
        ),
    ] {
        let source = format!("{GOOD}pub const AFTER: &[&str] =\n&[\"2026-05-21-b\",\n{id:?}];");
        assert_eq!(only_finding(&source), (5, message.to_owned()));
    }
    let twice = format!(
        "{GOOD}pub const AFTER: &[&str] = &[\n\"2026-05-21-b\", \"2026-05-21-b\",\n\"x\"];"
    );
    assert_eq!(
        findings(&twice),
        [
            (
                4,
                "`AFTER` names \"2026-05-21-b\" twice; take one away".to_owned()
            ),
            (
                5,
                "`AFTER` names \"x\", which is no id of a seed: the name does not start with a date written \
                 YYYY-MM-DD; write the id of a seed, or take \"x\" out of `AFTER`"
                    .to_owned()
            ),
        ]
    );
}
