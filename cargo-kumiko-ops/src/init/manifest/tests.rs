use super::*;

const LIBRARY: Edit = Edit::Dependency {
    table: "dependencies",
    name: "kumiko-seeds",
    origin: Origin::Version("0.1.0"),
    default_features: DefaultFeatures::On,
    features: Vec::new(),
};

#[track_caller]
fn assert_becomes(edits: &[Edit], before: &str, after: &str) {
    assert_eq!(edited(before, edits).as_deref(), Ok(after));
}

fn features() -> Edit {
    Edit::Features {
        key: "kumiko-seeds".to_owned(),
        features: vec!["migrate", "sqlite"],
    }
}

#[test]
fn a_dependency_is_sorted_in_where_the_others_are_sorted() {
    assert_becomes(
        &[LIBRARY],
        "[dependencies]\n# First.\na = \"1\" # a\nz = \"1\"\n\n# After.\n[lints]\n",
        "[dependencies]\n# First.\na = \"1\" # a\nkumiko-seeds = \"0.1.0\"\nz = \"1\"\n\n# After.\n[lints]\n",
    );
    assert_becomes(
        &[LIBRARY],
        "[dependencies]\nz = \"1\"\na = \"1\"\n",
        "[dependencies]\nz = \"1\"\na = \"1\"\nkumiko-seeds = \"0.1.0\"\n",
    );
    assert_becomes(
        &[LIBRARY],
        "[package]\nname = \"x\"\n",
        "[package]\nname = \"x\"\n\n[dependencies]\nkumiko-seeds = \"0.1.0\"\n",
    );
}

#[test]
fn a_dependency_may_be_without_its_default_features() {
    let rows = Edit::Dependency {
        table: "dependencies",
        name: "kumiko-seeds",
        origin: Origin::Path("../a".to_owned()),
        default_features: DefaultFeatures::Off,
        features: vec!["migrate"],
    };
    assert_becomes(
        &[rows],
        "[dependencies]\n",
        "[dependencies]\nkumiko-seeds = { path = \"../a\", default-features = false, features = [\"migrate\"] }\n",
    );
    let shared = |line: &str| {
        let text = format!("[workspace.dependencies]\nkumiko-seeds = {line}\n");
        let found = WorkspaceDependency::find(&text, "kumiko-seeds");
        found.map(|found| found.has_default_feature("events"))
    };
    assert_eq!(shared("\"0.1\""), Some(true));
    let off =
        |features: &str| format!("{{ version = \"0.1\", default-features = false{features} }}");
    assert_eq!(shared(&off("")), Some(false));
    assert_eq!(shared(&off(", features = [\"events\"]")), Some(true));
    assert!(WorkspaceDependency::find("[workspace]\n", "kumiko-seeds").is_none());
}

#[test]
fn a_dependency_that_is_there_gets_a_path_however_it_is_written() {
    let path = Edit::Path {
        table: "dependencies",
        key: "kumiko-seeds".to_owned(),
        path: "../a".to_owned(),
    };
    for (before, after) in [
        (
            "kumiko-seeds = \"0.1\" # why",
            "kumiko-seeds = { version = \"0.1\", path = \"../a\" } # why",
        ),
        (
            "kumiko-seeds = { git = \"https://example.com\", rev = \"1\", features = [\"migrate\"] }",
            "kumiko-seeds = { features = [\"migrate\"], path = \"../a\" }",
        ),
        (
            "kumiko-seeds = { path = \"../b\", features = [\"migrate\"] }",
            "kumiko-seeds = { path = \"../a\", features = [\"migrate\"] }",
        ),
    ] {
        let text = |line: &str| format!("[dependencies]\n{line}\n");
        assert_becomes(std::slice::from_ref(&path), &text(before), &text(after));
    }
    assert!(edited("[dependencies]\nkumiko-seeds.workspace = true\n", &[path]).is_err());
}

#[test]
fn a_new_table_of_build_dependencies_follows_the_dependencies() {
    let build = Edit::Dependency {
        table: "build-dependencies",
        name: "kumiko-seeds-build",
        origin: Origin::Workspace,
        default_features: DefaultFeatures::On,
        features: Vec::new(),
    };
    assert_becomes(
        &[build],
        "[dependencies]\n\n[dependencies.a]\nversion = \"1\"\n\n[profile.dev]\ndebug = 0\n",
        "[dependencies]\n\n[dependencies.a]\nversion = \"1\"\n\n[build-dependencies]\n\
         kumiko-seeds-build = { workspace = true }\n\n[profile.dev]\ndebug = 0\n",
    );
}

#[test]
fn features_are_added_however_the_dependency_is_written() {
    for (before, after) in [
        (
            "kumiko-seeds = \"0.1\" # why",
            "kumiko-seeds = { version = \"0.1\", features = [\"migrate\", \"sqlite\"] } # why",
        ),
        (
            "kumiko-seeds = { version = \"0.1\", features = [\n  \"events\" # why\n] }",
            "kumiko-seeds = { version = \"0.1\", features = [\n  \"events\", # why\n  \"migrate\",\n  \"sqlite\"\n] }",
        ),
        (
            "kumiko-seeds.workspace = true",
            "kumiko-seeds.workspace = true\nkumiko-seeds.features = [\"migrate\", \"sqlite\"]",
        ),
        (
            "kumiko-seeds = { workspace = true, features = [\"events\"] } # why",
            "kumiko-seeds = { workspace = true, features = [\"events\", \"migrate\", \"sqlite\"] } # why",
        ),
        (
            "kumiko-seeds = { version = \"0.1\", features = [\n    \"events\", # why\n] }",
            "kumiko-seeds = { version = \"0.1\", features = [\n    \"events\", # why\n    \"migrate\",\n    \"sqlite\",\n] }",
        ),
    ] {
        let text = |line: &str| format!("[dependencies]\n{line}\n");
        assert_becomes(&[features()], &text(before), &text(after));
    }
    assert_becomes(
        &[features()],
        "[dependencies.kumiko-seeds]\nversion = \"0.1\"\n",
        "[dependencies.kumiko-seeds]\nversion = \"0.1\"\nfeatures = [\"migrate\", \"sqlite\"]\n",
    );
    assert!(edited("[package]\n", &[features()]).is_err());
}

#[test]
fn line_ends_and_marks_are_kept() {
    assert_becomes(
        &[LIBRARY],
        "\u{feff}[dependencies]\r\na = \"1\"\r\n",
        "\u{feff}[dependencies]\r\na = \"1\"\r\nkumiko-seeds = \"0.1.0\"\r\n",
    );
}

#[test]
fn binaries_get_what_cargo_has_to_know() {
    let edits = [
        Edit::DefaultRun("x".to_owned()),
        Edit::Binary {
            name: "x-ops".to_owned(),
            path: "src/bin/x-ops.rs".to_owned(),
        },
        Edit::OpsBinary("x-ops".to_owned()),
        Edit::Library {
            name: "self_app".to_owned(),
            path: "src/lib.rs",
        },
    ];
    assert_becomes(
        &edits,
        "[package]\nname = \"x\" # x\n\n[dependencies]\n",
        "[package]\nname = \"x\" # x\ndefault-run = \"x\"\n\n[package.metadata.kumiko-ops]\nbin = \"x-ops\"\n\n\
         [dependencies]\n\n[[bin]]\nname = \"x-ops\"\npath = \"src/bin/x-ops.rs\"\n\n\
         [lib]\nname = \"self_app\"\npath = \"src/lib.rs\"\n",
    );
    assert!(!is_switched_off("[package]\n", "autobins"));
    assert!(is_switched_off("[package]\nautobins = false\n", "autobins"));
}
