use crate::app::{App, seed};

#[test]
fn every_problem_is_reported_at_once_in_the_order_of_the_files() {
    let app = App::new("all-problems");
    app.write("seeds/2026-05-20-good.rs", seed("Text", ""));
    app.write("seeds/2026-05-21-empty.rs", "");
    app.write(
        "seeds/2026-05-22-wrong.rs",
        "const DESCRIPTION: &str = \"\";\n\npub const SKIPPABLE: u8 = 1;\n\nfn run() {}\n",
    );
    app.write(
        "seeds/2026-05-23-computed.rs",
        seed("Text", "").replace("\"Text\"", "concat!(\"a\", \"b\")"),
    );
    app.write("seeds/2026-05-24-blank.rs", seed(" ", ""));
    app.write("seeds/2026-05-25-bracket.rs", "fn run() {\n    (\n}\n");
    app.write("seeds/2026-05-26-syntax.rs", "\nlet x = 1;\n");
    app.write("seeds/2026-05-27-bytes.rs", [0xff, 0xfe]);
    app.write("seeds/2026-05-28-a-b.rs", seed("Text", ""));
    app.write("seeds/2026-05-28-a--b.rs", seed("Text", ""));
    app.write(
        "seeds/2026-05-29-steps.rs",
        "pub const DESCRIPTION: &str = \"In steps\";\npub const BACKGROUND: u8 = 1;\n\
         pub const AFTER: &[&str] = &[\n    \"2026-05-20-god\",\n    \"2026-05-30-later\",\n];\n\
         pub async fn count() {}\npub async fn batch(c: C, after: A) -> R {}\n",
    );
    app.write("seeds/2026-05-30-later.rs", seed("Text", ""));
    app.write("seeds/2026-2-3-short.rs", "");
    app.write("seeds/2026-02-30-no-such-day.rs", "");
    app.write("seeds/2026-05-20-Fix_Roles.rs", "");
    app.write("seeds/2026-05-20.rs", "");
    app.write(&format!("seeds/2026-05-20-{}.rs", "a".repeat(61)), "");
    app.write("seeds/Fix_Admin.rs", "");
    assert_eq!(
        app.errors(),
        include_str!("errors_expected.txt")
            .lines()
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_file_in_place_of_the_folder_is_reported() {
    let app = App::new("file-as-folder");
    app.write("seeds", "");
    assert_eq!(
        app.errors(),
        ["seeds: it is not a folder; name the folder that holds the seeds"]
    );
}

#[test]
fn an_output_that_is_no_file_name_is_reported() {
    let app = App::with_build_script(
        "output-name",
        "kumiko_seeds_build::Config::new().output(\"../x.rs\").compile();",
    );
    assert_eq!(
        app.errors(),
        [
            "build.rs: the output \"../x.rs\" is not a plain file name; \
             write for example `.output(\"kumiko_seeds.rs\")`"
        ]
    );
}

#[test]
fn a_build_script_without_cargo_reports_what_is_missing() {
    let app = App::with_build_script(
        "without-cargo",
        "unsafe { std::env::remove_var(\"OUT_DIR\") };\n    kumiko_seeds_build::compile(\"seeds\");",
    );
    assert_eq!(
        app.errors(),
        ["build.rs: the environment variable OUT_DIR is not set; let Cargo run the build script"]
    );
}

#[test]
fn a_caller_can_have_the_problems_instead() {
    let app = App::with_build_script(
        "as-value",
        "let error = kumiko_seeds_build::Config::new().try_compile().unwrap_err();\n    \
         println!(\"cargo::error=caught {error} {}\", error.readable_seeds().len());",
    );
    app.write("seeds/2026-05-20-good.rs", seed("Text", ""));
    app.write("seeds/2026-05-21-bytes.rs", [0xff]);
    assert_eq!(
        app.errors(),
        ["caught seeds/2026-05-21-bytes.rs: the content is not UTF-8; save the file as UTF-8 1"]
    );
}

#[cfg(unix)]
#[test]
fn a_file_name_cannot_give_cargo_a_directive() {
    let app = App::new("directive");
    app.write("seeds/a\ncargo::warning=injected.rs", "");
    assert_eq!(
        app.errors(),
        [
            "seeds/a\\ncargo::warning=injected.rs: the name does not start with a date written YYYY-MM-DD; \
             rename it to YYYY-MM-DD-a-cargo-warning-injected.rs, or let its name start with _ if it is no seed"
        ]
    );
}
