//! `completions` and `man`: what shells and `man` get.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::app::App;
use crate::transcript::assert_shows;

#[test]
fn each_shell_gets_completions_that_it_understands() {
    let app = App::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = app.command(&format!("completions {shell}")).stdout();
        for word in ["cargo-kumiko-ops", "seed:status", "manifest-path"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        app.write(&format!("script.{shell}"), &script);
    }
    // Shells that are installed read their script without a complaint.
    for shell in ["bash", "zsh", "fish"] {
        let script = app.path(&format!("script.{shell}"));
        let checked = Command::new(shell).arg("-n").arg(script).output();
        let Ok(output) = checked else { continue };
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && complaints.is_empty(),
            "{shell}: {complaints}"
        );
    }
}

/// What a shell does with these lines of which tabs complete the words; nothing where it is not installed.
fn typed(app: &App, program: &str, arguments: &[&str], lines: &str) -> Option<String> {
    let shell = Command::new(program)
        .args(arguments)
        .current_dir(app.path(""))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut shell = shell.ok()?;
    let mut keyboard = shell.stdin.take().unwrap();
    keyboard.write_all(lines.as_bytes()).unwrap();
    drop(keyboard);
    let output = shell.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let ran = shown.lines().filter(|line| line.starts_with("ran: "));
    Some(ran.map(|line| line.trim_end().to_owned() + "\n").collect())
}

/// As somebody types it: Bash itself divides the line into words, and at colons, too.
#[test]
fn bash_completes_what_is_typed() {
    let app = App::empty();
    app.write("script", &app.command("completions bash").stdout());
    // Something else completes the other subcommands of Cargo.
    let setup = "cargo() { echo \"ran: $*\"; }\ncargo-kumiko-ops() { echo \"ran: $*\"; }\n\
                 _other() { COMPREPLY=(build); }; complete -F _other cargo\nsource ./script\n";
    let lines = "\
cargo kumiko-ops seed:sta\t--ch\t
cargo kumiko-ops see\tveri\t--loc\t
cargo +stable --offline kumiko-ops seed:status --format js\t
cargo kumiko-ops seed:status --format=gi\t
cargo kumiko-ops seed unm\t
cargo kumiko-ops seed status --pen\t
cargo kumiko-ops projection:ch\t--sh\t
cargo kumiko-ops projection reb\t--out\t
cargo kumiko-ops compl\tfi\t
cargo-kumiko-ops seed:app\t--out\t
cargo bui\t
";
    let expected = "\
ran: kumiko-ops seed:status --check
ran: kumiko-ops seed:verify --locked
ran: +stable --offline kumiko-ops seed:status --format json
ran: kumiko-ops seed:status --format=github
ran: kumiko-ops seed unmark
ran: kumiko-ops seed status --pending
ran: kumiko-ops projection:check --show
ran: kumiko-ops projection rebuild --outdated
ran: kumiko-ops completions fish
ran: seed:apply --out-of-order
ran: build
";
    for wordbreaks in ["", "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n"] {
        let lines = format!("{wordbreaks}{setup}{lines}");
        if let Some(ran) = typed(&app, "bash", &["--norc", "-i"], &lines) {
            assert_eq!(ran, expected);
        }
    }
}

#[test]
fn zsh_completes_what_is_typed() {
    let app = App::empty();
    app.write(
        "functions/_cargo-kumiko-ops",
        &app.command("completions zsh").stdout(),
    );
    // As the completions of Cargo do it for its subcommands.
    app.write(
        "functions/_cargo",
        "#compdef cargo\nshift words; (( CURRENT -= 1 )); _call_function ret _cargo-${words[1]}\n",
    );
    // A terminal of its own, in which a second shell is typed into.
    let lines = r#"
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner 'fpath=(./functions $fpath); autoload -U compinit; compinit -u -D'
        zpty -w inner 'cargo() { print "\nran: $*" }; cargo-kumiko-ops() { print "\nran: $*" }; print "\nready"'
        zpty -r inner seen $'*\nready*'
        zpty -w -n inner $'cargo kumiko-ops seed:sta\t--ch\t\n'
        zpty -w -n inner $'cargo kumiko-ops se\tver\t--loc\t\n'
        zpty -w -n inner $'cargo-kumiko-ops seed:status --format=js\t\n'
        zpty -r inner seen $'*\nran: *\nran: *\nran: *\n*'
        print -r -- $seen
    "#;
    if let Some(ran) = typed(&app, "zsh", &["-f"], lines) {
        assert_eq!(
            ran,
            "ran: kumiko-ops seed:status --check\nran: kumiko-ops seed:verify --locked\n\
             ran: seed:status --format=json\n"
        );
    }
}

#[test]
fn fish_completes_what_is_typed() {
    let app = App::empty();
    app.write("script", &app.command("completions fish").stdout());
    let lines = r"
        source ./script
        for line in 'cargo kumiko-ops seed:sta' 'cargo kumiko-ops seed unm' \
            'cargo kumiko-ops projection reb' 'cargo kumiko-ops projection rebuild --outd' \
            'cargo +stable kumiko-ops seed:status --che' 'cargo kumiko-ops seed status --pen' \
            'cargo-kumiko-ops seed:status --format=js'
            echo ran: (complete -C $line | string replace -r '\t.*' '')
        end
    ";
    if let Some(ran) = typed(&app, "fish", &["--no-config"], lines) {
        assert_eq!(
            ran,
            "ran: seed:status\nran: unmark\nran: rebuild\nran: --outdated\nran: --check\nran: --pending\nran: --format=json\n"
        );
    }
}

#[test]
fn another_shell_is_refused() {
    assert_shows(
        &App::empty().command("completions csh").run(),
        "\
exit 2
-- stderr
error: invalid value 'csh' for '<SHELL>'
  [possible values: bash, elvish, fish, powershell, zsh]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.
",
    );
}

#[test]
fn each_command_has_a_manual_page() {
    let app = App::empty();
    let shown = app.command("man --out share/man").run();
    let (head, files) = shown.split_once("-- stdout\n").unwrap();
    assert_eq!(head, "exit 0\n");
    for file in [
        "share/man/cargo-kumiko-ops.1",
        "share/man/cargo-kumiko-ops-seed-new.1",
        "share/man/cargo-kumiko-ops-seed-status.1",
        "share/man/cargo-kumiko-ops-man.1",
    ] {
        assert!(files.lines().any(|line| line == file), "{files}");
    }
    for file in files.lines() {
        let page = app.read(file);
        assert!(page.contains(".TH "), "{file}");
    }
    let page = app.read("share/man/cargo-kumiko-ops-seed-status.1");
    assert!(page.contains("\\-\\-check"), "{page}");
    assert!(page.contains("\\-\\-color"), "{page}");
    fs::write(app.path("taken"), "").unwrap();
    assert_shows(
        &app.command("man --out taken").run(),
        "\
exit 2
-- stderr
error: could not create taken
caused by: File exists (os error 17)
",
    );
}
