use std::fs;
use std::time::SystemTime;

use crate::app::{App, seed, seed_in_steps};

#[test]
fn the_program_has_its_seeds_in_order_and_they_run() {
    let app = App::new("in-order");
    app.write(
        "seeds/2026-05-21-later.rs",
        seed("Later", "ctx.say(\"later\");"),
    );
    app.write(
        "seeds/2026-05-20-writes.rs",
        seed(
            "Writes",
            "ctx.system_write_as(\"tenant:write:x\", ()).with_roles([\"A\"]).await?;\n    \
             ctx.system_write_as(\"tenant:write:y\", ()).await?;",
        ),
    );
    app.write(
        "seeds/2025-12-31-skippable.rs",
        seed("Skippable", "ctx.say(\"ran\");") + "pub(crate) const SKIPPABLE: bool = true;\n",
    );
    app.write("seeds/_shared.rs", "this is not Rust");
    app.write("seeds/README.md", "About the seeds.");
    let seeds = app.printed_seeds();
    let hash = |printed: &str| printed.split(' ').nth(4).unwrap().to_owned();
    assert_eq!(
        seeds,
        [
            format!(
                "2025-12-31-skippable \"Skippable\" true KUMIKO_SKIP_ES_OPS_2025_12_31_SKIPPABLE {} [] Ready(Ok(())) [\"ran\"] \"seeds/2025-12-31-skippable.rs\"",
                hash(&seeds[0])
            ),
            format!(
                "2026-05-20-writes \"Writes\" false KUMIKO_SKIP_ES_OPS_2026_05_20_WRITES {} \
                 [HandlerCall {{ handler: \"tenant:write:x\", roles: Some([\"A\"]), line: 6 }}, \
                 HandlerCall {{ handler: \"tenant:write:y\", roles: Some([]), line: 7 }}] Ready(Ok(())) [] \"seeds/2026-05-20-writes.rs\"",
                hash(&seeds[1])
            ),
            format!(
                "2026-05-21-later \"Later\" false KUMIKO_SKIP_ES_OPS_2026_05_21_LATER {} [] Ready(Ok(())) [\"later\"] \"seeds/2026-05-21-later.rs\"",
                hash(&seeds[2])
            ),
        ]
    );
}

/// A step begins where the one before it ended, with the cursor between them in words that are no business of the seed.
#[test]
fn a_seed_of_many_steps_runs_by_its_cursor() {
    let app = App::new("in-steps");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    let count = "pub const BACKGROUND: bool = true;\npub const AFTER: &[&str] = &[\"2026-05-20-x\"];\n\
        pub async fn count(ctx: &mut SeedContext<'_>) -> CountResult {\n    Ok(3)\n}";
    let say = "ctx.say(&format!(\"{after:?}\"));";
    app.write("seeds/2026-05-21-counted.rs", seed_in_steps(count, say));
    let plain = seed_in_steps("", say).replace(", CountResult", "");
    app.write("seeds/2026-05-22-plain.rs", &plain);
    let printed = app.printed_seeds();
    let ran = |line: &str| line.split_once(" [] ").unwrap().1.to_owned();
    let steps = "Ready(Ok(Batch(Some(\"7\"), 2))) Ready(Ok(Batch(None, 2))) Ready(Err(\"x\")) [\"None\", \"Some(7)\"]";
    assert_eq!(
        [ran(&printed[1]), ran(&printed[2])],
        [
            format!(
                "Some(Ready(Ok(3))) {steps} \"seeds/2026-05-21-counted.rs\" background after 2026-05-20-x"
            ),
            format!("None {steps} \"seeds/2026-05-22-plain.rs\""),
        ]
    );
    assert!(app.is_fresh());

    // Edits of it are noticed as those of any seed.
    app.write(
        "seeds/2026-05-22-plain.rs",
        plain.replace("Some(7)", "Some(8)"),
    );
    let expected = "Ready(Ok(Batch(Some(\"8\"), 2)))";
    assert!(app.printed_seeds()[2].contains(expected));
    assert!(app.is_fresh());

    // What the compiler finds wrong is told in the terms of the seed.
    let wrong = plain.replace("BatchResult<Cursor> {", "Result<(), String> {");
    let wrong = wrong.replace(
        "Ok(Batch(after.map_or(Some(7), |_| None), limit as usize))",
        "Ok(())",
    );
    app.write("seeds/2026-05-22-plain.rs", wrong);
    let messages = app.build().messages;
    let expected = "expected `Result<Batch<i64>, String>`, found `Result<(), String>`";
    assert!(messages.contains(expected), "{messages}");
}

#[test]
fn hostile_texts_stay_texts() {
    let app = App::new("hostile");
    let hostile = "\"]; compile_error!(\"out\"); /* \\ \n // ` {} \u{1b}[31m";
    app.write("seeds/2026-05-20-x.rs", seed(hostile, ""));
    let seeds = app.printed_seeds();
    assert!(
        seeds[0].starts_with(&format!("2026-05-20-x {hostile:?} ")),
        "{seeds:?}"
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let app = App::new("line-ends");
    let source = seed("Text", "ctx.say(\"ran\");");
    app.write("seeds/2026-05-20-x.rs", &source);
    let seeds = app.printed_seeds();
    app.write(
        "seeds/2026-05-20-x.rs",
        format!("\u{feff}{}", source.replace('\n', "\r\n")),
    );
    assert_eq!(app.printed_seeds(), seeds);
}

#[test]
fn a_folder_elsewhere_can_be_compiled_to_another_name() {
    let app = App::with_build_script(
        "elsewhere",
        "kumiko_seeds_build::Config::new().folder(\"changes/seeds\").output(\"other.rs\").compile();",
    );
    let main = include_str!("app_main.txt").replace("/kumiko_seeds.rs", "/other.rs");
    app.write("src/main.rs", main);
    app.write("changes/seeds/2026-05-20-x.rs", seed("Text", ""));
    assert_eq!(app.printed_seeds().len(), 1);
}

#[test]
fn the_generated_file_is_written_only_if_it_changes() {
    let app = App::new("unchanged-output");
    app.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    let generated = app.generated_file();
    let modified = || fs::metadata(&generated).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(&generated).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();

    // Makes the build script run, with the same result.
    app.write("seeds/notes.md", "Notes.");
    assert!(!app.is_fresh());
    assert_eq!(modified(), SystemTime::UNIX_EPOCH);

    app.write(
        "seeds/2026-05-20-x.rs",
        seed("Other text", "ctx.say(\"\");"),
    );
    assert!(!app.is_fresh());
    assert_ne!(modified(), SystemTime::UNIX_EPOCH);
}

#[test]
fn what_the_compiler_finds_is_in_the_seed() {
    let app = App::new("compiler-error");
    app.write(
        "seeds/2026-05-20-x.rs",
        seed("Text", "ctx.no_such_method();"),
    );
    let build = app.build();
    assert_eq!(build.fresh, None);
    let place = format!("--> {}:6:9", app.path("seeds/2026-05-20-x.rs").display());
    assert!(
        build.messages.contains("no_such_method"),
        "{}",
        build.messages
    );
    assert!(build.messages.contains(&place), "{}", build.messages);
}
