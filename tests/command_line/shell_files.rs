//! `completions` and `man`: what shells and `man` get.

use std::fs;
use std::process::Command;

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

#[test]
fn bash_completes_the_options_of_a_command() {
    let app = App::empty();
    app.write("script", &app.command("completions bash").stdout());
    for words in ["seed : status --ch", "seed status --ch"] {
        let count = words.split(' ').count();
        let line = format!(
            "source ./script 2>/dev/null; COMP_WORDS=(cargo-kumiko-ops {words}); COMP_CWORD={count}; \
             _cargo__kumiko__ops cargo-kumiko-ops --ch; echo \"${{COMPREPLY[*]}}\""
        );
        let bash = Command::new("bash")
            .args(["--norc", "-c", &line])
            .current_dir(app.path(""))
            .output();
        // Not every system has it.
        let Ok(output) = bash else { return };
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "--check\n",
            "{output:?}"
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
