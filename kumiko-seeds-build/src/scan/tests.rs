#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use tempfile::TempDir;

use super::*;
use crate::HandlerCall;
use crate::seed_file::Declared;

const GOOD: &str = "pub const DESCRIPTION: &str = \"Text\";\n\
    pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult { Ok(()) }\n";

fn folder_with(file_names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file_name in file_names {
        fs::write(folder.path().join(file_name), GOOD).unwrap();
    }
    folder
}

fn ids(folder: &Path) -> Vec<String> {
    let seeds = scan(folder).unwrap();
    seeds.into_iter().map(|seed| seed.id).collect()
}

fn problems(folder: &Path) -> Vec<String> {
    let error = scan_shown_as(folder, Path::new("seeds"), &[]).unwrap_err();
    error.problems().iter().map(Problem::to_string).collect()
}

#[test]
fn sorts_by_id_and_leaves_the_rest_alone() {
    let folder = folder_with(&[
        "2026-05-20-a-b.rs",
        "2026-05-20-a.rs",
        "2025-12-31-z.rs",
        "_shared.rs",
        ".hidden.rs",
        ".gitkeep",
        ".2026-05-20-a.rs.swp",
        "README.md",
        "2026-05-20-a.rs.orig",
        "2026-05-20-a.rs.bak",
        "2026-05-20-a.rs~",
        "#2026-05-20-a.rs#",
        "2026-05-20-a.json",
        "2026-05-20",
        "rs",
    ]);
    for path in [
        "_helpers/a.rs",
        ".git/a.rs",
        "data/tenants.json",
        "2026-05-20-a/tenants.json",
        "data/_old/a.rs",
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, GOOD).unwrap();
    }
    assert_eq!(
        ids(folder.path()),
        ["2025-12-31-z", "2026-05-20-a", "2026-05-20-a-b"]
    );
}

#[test]
fn tells_all_about_a_seed() {
    let folder = folder_with(&[]);
    let path = folder.path().join("2026-05-20-a.rs");
    let source = "pub const DESCRIPTION: &str = \"Text\";\npub(crate) const SKIPPABLE: bool = true;\n\
        pub async fn run(c: C) -> R {\n    c.system_write_as(\"h\", p).await?;\n}\n";
    fs::write(&path, source).unwrap();
    assert_eq!(
        scan(folder.path()).unwrap(),
        [SeedFile {
            id: "2026-05-20-a".to_owned(),
            path,
            description: "Text".to_owned(),
            skippable: true,
            skip_flag: "KUMIKO_SKIP_ES_OPS_2026_05_20_A".to_owned(),
            background: false,
            after: Vec::new(),
            after_lines: Vec::new(),
            replaces: Vec::new(),
            replaces_lines: Vec::new(),
            environments: Vec::new(),
            known_environments: Vec::new(),
            out_of_order: None,
            after_migration: None,
            in_steps: false,
            handler_calls: vec![HandlerCall {
                handler: "h".to_owned(),
                roles: Some(Vec::new()),
                line: 4,
            }],
            source_hash: "tokens:b820af7076a58e6a".to_owned(),
            text_hash: crate::text_hash::text_hash(source),
            included: Vec::new(),
            retired: None,
            declares: vec![Declared::Skippable],
        }]
    );
}

#[test]
fn tells_all_about_a_seed_of_many_steps() {
    let folder = folder_with(&["2026-05-20-a.rs"]);
    let source = "pub const DESCRIPTION: &str = \"Text\";\npub const BACKGROUND: bool = true;\n\
        pub const AFTER: &[&str] = &[\"2026-05-20-a\"];\npub type Cursor = i64;\n\
        pub async fn count(c: C) -> R {\n    c.system_write_as(\"counted\", p).await?;\n}\n\
        pub async fn batch(c: C, a: A, l: u32) -> R {\n    c.system_batch(\"h\", p).with_roles([\"A\"]).await?;\n}\n";
    fs::write(folder.path().join("2026-05-21-b.rs"), source).unwrap();
    let seeds = scan(folder.path()).unwrap();
    let [whole, steps] = seeds.as_slice() else {
        panic!("{seeds:?}");
    };
    assert!(!whole.background && !whole.in_steps && whole.after.is_empty());
    assert!(steps.background && steps.in_steps);
    assert_eq!(steps.after, ["2026-05-20-a"]);
    let calls = |call: &HandlerCall| (call.handler.clone(), call.line);
    let calls: Vec<(String, usize)> = steps.handler_calls.iter().map(calls).collect();
    assert_eq!(calls, [("counted".to_owned(), 6), ("h".to_owned(), 9)]);
}

/// A seed that is waited for is there also if something is wrong with it.
#[test]
fn what_a_seed_comes_after_is_sought_in_the_whole_folder() {
    let folder = folder_with(&["2026-05-20-fix-roles.rs"]);
    fs::write(folder.path().join("2026-05-21-b.rs"), "").unwrap();
    let source = format!(
        "{GOOD}pub const AFTER: &[&str] = &[\"2026-05-21-b\", \"2026-05-19-fix-roles\"];\nconst SKIPPABLE: bool = true;\n"
    );
    fs::write(folder.path().join("2026-05-22-c.rs"), source).unwrap();
    assert_eq!(
        problems(folder.path()),
        [
            "seeds/2026-05-21-b.rs: there is no constant `DESCRIPTION`; write `pub const DESCRIPTION: &str = \"what it changes\";`",
            "seeds/2026-05-21-b.rs: there is no function `run`, and no `batch`; write `pub async fn run(ctx: &mut SeedContext<'_>) -> SeedResult`",
            "seeds/2026-05-22-c.rs:4: `SKIPPABLE` is private; write `pub const SKIPPABLE: bool = true;`",
            "seeds/2026-05-22-c.rs:3: there is no seed 2026-05-19-fix-roles to come after; write \"2026-05-20-fix-roles\"",
        ]
    );
}

#[test]
fn a_missing_folder_has_no_seeds() {
    let folder = folder_with(&[]);
    assert_eq!(ids(&folder.path().join("none")), [""; 0]);
}

#[test]
fn a_file_is_no_folder() {
    let folder = folder_with(&["seeds"]);
    assert_eq!(
        problems(&folder.path().join("seeds")),
        ["seeds: it is not a folder; name the folder that holds the seeds"]
    );
}

#[test]
fn names_that_are_no_ids_are_reported_with_a_name_that_is() {
    let folder = folder_with(&[
        "Fix_Admin.rs",
        "2026-2-3-x.rs",
        "2026-05-20-Fix_Roles.rs",
        "2026-02-30-x.rs",
        "2026-05-20.rs",
    ]);
    let or = "or let its name start with _ if it is no seed";
    assert_eq!(
        problems(folder.path()),
        [
            format!(
                "seeds/2026-02-30-x.rs: there is no date 2026-02-30; rename it to YYYY-MM-DD-x.rs, {or}"
            ),
            format!(
                "seeds/2026-05-20.rs: the name has no slug after the date; rename it to 2026-05-20-what-it-changes.rs, {or}"
            ),
            format!(
                "seeds/2026-05-20-Fix_Roles.rs: the slug contains 'F', and only a-z, 0-9 and - are allowed; rename it to 2026-05-20-fix-roles.rs, {or}"
            ),
            format!(
                "seeds/2026-2-3-x.rs: the name does not start with a date written YYYY-MM-DD; rename it to 2026-02-03-x.rs, {or}"
            ),
            format!(
                "seeds/Fix_Admin.rs: the name does not start with a date written YYYY-MM-DD; rename it to YYYY-MM-DD-fix-admin.rs, {or}"
            ),
        ]
    );
}

#[test]
fn what_looks_meant_and_is_not_read_is_reported() {
    let folder = folder_with(&[
        "2026-05-20-a.rs",
        "2026-05-21-a.RS",
        "2026-05-21-b.Rs",
        "2026-05-22-a.rs.txt",
        "2026-05-22-b.rs.disabled",
        "2026-05-22-c.rs.rs.txt",
        "2026-05-23-a.rs ",
        "2026-05-23-b.rs.",
        "2026-05-24-a",
        "Fix.rS",
    ]);
    for path in [
        "2026/05/2026-05-25-a.rs",
        "2026/05/b.txt",
        "2026-05-26-a/mod.rs",
        "more/B.RS",
        "x.rs/a",
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, GOOD).unwrap();
    }
    let or = "or let its name start with _ if it is no seed";
    let or_folder = "or let the folder's name start with _ if it holds no seeds";
    let expected = [
        format!(
            "seeds/2026: seeds in a folder are not found; move seeds/2026/05/2026-05-25-a.rs to seeds/2026-05-25-a.rs, {or_folder}"
        ),
        format!(
            "seeds/2026-05-21-a.RS: the name does not end in .rs; rename it to 2026-05-21-a.rs, {or}"
        ),
        format!(
            "seeds/2026-05-21-b.Rs: the name does not end in .rs; rename it to 2026-05-21-b.rs, {or}"
        ),
        format!(
            "seeds/2026-05-22-a.rs.txt: the name does not end in .rs; rename it to 2026-05-22-a.rs, {or}"
        ),
        format!(
            "seeds/2026-05-22-b.rs.disabled: the name does not end in .rs; rename it to 2026-05-22-b.rs, {or}"
        ),
        format!(
            "seeds/2026-05-22-c.rs.rs.txt: the name does not end in .rs; rename it to 2026-05-22-c.rs, {or}"
        ),
        format!(
            "seeds/2026-05-23-a.rs : the name does not end in .rs; rename it to 2026-05-23-a.rs, {or}"
        ),
        format!(
            "seeds/2026-05-23-b.rs.: the name does not end in .rs; rename it to 2026-05-23-b.rs, {or}"
        ),
        format!(
            "seeds/2026-05-24-a: the name does not end in .rs; rename it to 2026-05-24-a.rs, {or}"
        ),
        format!(
            "seeds/2026-05-26-a: seeds in a folder are not found; move seeds/2026-05-26-a/mod.rs to seeds/2026-05-26-a.rs, {or_folder}"
        ),
        format!("seeds/Fix.rS: the name does not end in .rs; rename it to YYYY-MM-DD-fix.rs, {or}"),
        format!(
            "seeds/more: seeds in a folder are not found; move seeds/more/B.RS to seeds/YYYY-MM-DD-b.rs, {or_folder}"
        ),
        format!("seeds/x.rs: it is a folder; put the seed's source in its place, {or_folder}"),
    ];
    let problems = problems(folder.path());
    for (problem, expected) in problems.iter().zip(&expected) {
        assert_eq!(problem, expected);
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    assert_eq!(scan(folder.path()).unwrap_err().readable_seeds().len(), 1);
}

#[test]
fn two_ids_with_one_flag_are_reported() {
    let folder = folder_with(&["2026-05-20-a-b.rs", "2026-05-20-a--b.rs"]);
    assert_eq!(
        problems(folder.path()),
        [
            "seeds/2026-05-20-a-b.rs: it has the same skip flag, KUMIKO_SKIP_ES_OPS_2026_05_20_A_B, \
             as seeds/2026-05-20-a--b.rs; rename one of the two files"
        ]
    );
}

#[test]
fn what_is_readable_comes_with_the_error() {
    let folder = folder_with(&["2026-05-20-a.rs"]);
    fs::write(folder.path().join("2026-05-19-b.rs"), [0xff]).unwrap();
    let error = scan(folder.path()).unwrap_err();
    assert_eq!(error.readable_seeds()[0].id, "2026-05-20-a");
    assert_eq!(
        problems(folder.path()),
        ["seeds/2026-05-19-b.rs: the content is not UTF-8; save the file as UTF-8"]
    );
}

#[cfg(unix)]
#[test]
fn odd_files_are_problems_and_nothing_waits() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let folder = folder_with(&[]);
    let path = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
    symlink("nowhere", path(b"2026-05-20-link.rs")).unwrap();
    let _socket = UnixListener::bind(path(b"2026-05-20-socket.rs")).unwrap();
    fs::write(path(b"\xffa.rs"), GOOD).unwrap();
    fs::write(path(b"\xffa.txt"), GOOD).unwrap();
    assert_eq!(
        problems(folder.path()),
        [
            "seeds/2026-05-20-link.rs: the file cannot be read: No such file or directory (os error 2)",
            "seeds/2026-05-20-socket.rs: it is not a regular file; put the seed's source in its place",
            "seeds/\u{fffd}a.rs: the name is not UTF-8; rename it to YYYY-MM-DD-a.rs, or let its name start with _ if it is no seed",
        ]
    );
    symlink(".", path(b"here")).unwrap();
    symlink("nowhere", path(b"2026-05-20-link")).unwrap();
    assert_eq!(problems(folder.path()).len(), 5, "a link is followed once");
    symlink("nowhere", path(b"broken")).unwrap();
    assert_eq!(
        problems(&path(b"broken")),
        ["seeds: the folder cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn many_files_are_read_in_the_order_of_their_ids() {
    let names: Vec<String> = (0..100).map(|day| format!("2026-05-20-{day:03}")).collect();
    let files: Vec<String> = names.iter().map(|name| format!("{name}.rs")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(ids(folder_with(&files).path()), names);
}

#[test]
fn code_that_the_compiler_reads_is_read() {
    let nested = |open: &str, inside: &str, close: &str| {
        let (open, close) = (open.repeat(500), close.repeat(500));
        format!("fn nested() {{ {open}{inside}{close} }}\n")
    };
    let folder = folder_with(&[]);
    let code = [
        GOOD,
        &nested("(", "1", ")"),
        &nested("{", "1", "}"),
        &nested("match a { _ => ", "b", "}"),
        &nested("A::<", "B", ">"),
        &nested("a(", "b", ").c()"),
    ];
    fs::write(folder.path().join("2026-05-20-a.rs"), code.concat()).unwrap();
    assert_eq!(ids(folder.path()), ["2026-05-20-a"]);
}

#[test]
fn what_a_seed_waits_for_runs_wherever_it_does() {
    let folder = folder_with(&["2026-05-20-a.rs"]);
    let write = |id: &str, constants: &str| {
        let path = folder.path().join(format!("{id}.rs"));
        fs::write(path, format!("{GOOD}{constants}\n")).unwrap();
    };
    let environments = |names: &str| format!("pub const ENVIRONMENTS: &[&str] = &[{names}];");
    let both = "\"staging\", \"demo\"";
    write("2026-05-20-b", &environments(both));
    for (names, after) in [
        (both, "\"2026-05-20-a\", \"2026-05-20-b\""),
        ("\"demo\"", "\"2026-05-20-b\""),
    ] {
        let after = format!("pub const AFTER: &[&str] = &[{after}];");
        write("2026-05-20-c", &(environments(names) + &after));
        assert_eq!(ids(folder.path()).len(), 3);
    }
    let after = "pub const AFTER: &[&str] = &[\n\"2026-05-20-b\"];";
    write("2026-05-20-c", after);
    let third = environments("\"demo\", \"qa\"");
    write("2026-05-20-d", &(third + after));
    assert_eq!(
        problems(folder.path()),
        [
            "seeds/2026-05-20-c.rs:4: 2026-05-20-b runs in staging, demo only, so in every other environment this seed \
             would wait for it for ever; write `pub const ENVIRONMENTS: &[&str] = &[\"staging\", \"demo\"];` here, too, \
             or take \"2026-05-20-b\" out of `AFTER`",
            "seeds/2026-05-20-d.rs:4: 2026-05-20-b does not run in qa, so there this seed would wait for it for ever; add \
             qa to its `ENVIRONMENTS`, or take \"2026-05-20-b\" out of `AFTER`",
        ]
    );
}

#[test]
fn the_environments_that_there_are_stand_in_the_nearest_manifest() {
    let package = tempfile::tempdir().unwrap();
    let seeds = package.path().join("src/seeds");
    fs::create_dir_all(&seeds).unwrap();
    let manifest = "[package.metadata.kumiko-ops]\nenvironments = [\"production\", \"staging\"]\n";
    fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
    let environments = "pub const ENVIRONMENTS: &[&str] = &[\"staging\"];";
    fs::write(
        seeds.join("2026-05-20-a.rs"),
        format!("{GOOD}{environments}"),
    )
    .unwrap();
    let seed = scan(&seeds).unwrap().remove(0);
    assert_eq!(seed.environments, ["staging"]);
    assert_eq!(seed.known_environments, ["production", "staging"]);

    fs::write(
        seeds.join("Cargo.toml"),
        manifest.replace("staging", "demo"),
    )
    .unwrap();
    let error = scan(&seeds).unwrap_err().to_string();
    assert!(
        error.contains("2026-05-20-a.rs:3: `ENVIRONMENTS` names \"staging\", which"),
        "{error}"
    );
    fs::write(
        seeds.join("Cargo.toml"),
        "[package.metadata]\nkumiko-ops.environments = 1",
    )
    .unwrap();
    let error = scan(&seeds).unwrap_err().to_string();
    assert!(
        error.contains("Cargo.toml:2: `environments` is not a list of names"),
        "{error}"
    );
}
