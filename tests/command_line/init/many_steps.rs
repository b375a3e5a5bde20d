//! The seeds of many steps that `seed:new --batch` and `--migrate-streams` write, compiled as it stands and with the examples in its comments.

use crate::app::App;
use crate::transcript::assert_shows;

/// Scaffolds a seed of many steps with this `switch`, and compiles it twice. With its examples in place of its comments it takes `imports`,
/// and `seed:verify` shows `verified`. The path of the seed.
pub(super) fn assert_compiles(
    app: &App,
    switch: &str,
    template: &str,
    imports: &str,
    verified: &str,
) -> String {
    let path = app
        .command(&format!("seed:new many-steps {switch}"))
        .stdout();
    let path = path.trim();
    let scaffolded = template
        .replace("kumiko_seeds::postgres", "kumiko_seeds::sqlite")
        .replace("What this seed changes, in a sentence", "Many steps");
    assert_eq!(app.read(path), scaffolded);
    assert_shows(
        &app.command("seed:verify").run(),
        "exit 0\n-- stdout\n2 seeds, 0 handler calls: all good\n",
    );
    app.write(path, &with_examples(&scaffolded, imports));
    assert_shows(&app.command("seed:verify").run(), verified);
    path.to_owned()
}

/// The examples are what is indented in the comments, and the constants that are commented out.
fn with_examples(template: &str, imports: &str) -> String {
    let unwritten = |line: &&str| !line.contains("let _ =") && !line.contains("is not written yet");
    let lines = template.lines().filter(unwritten).map(|line| {
        let inside = line.strip_prefix("    //     ");
        let above = line.strip_prefix("//     ");
        let constant = line
            .strip_prefix("// pub const")
            .map(|rest| format!("pub const{rest}"));
        let example = inside.or(above).map(str::to_owned).or(constant);
        example.unwrap_or_else(|| line.to_owned()) + "\n"
    });
    let source: String = lines.collect();
    source.replacen("use kumiko_seeds", &format!("{imports}use kumiko_seeds"), 1)
}
