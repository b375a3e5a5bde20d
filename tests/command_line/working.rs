//! `seed:work`, and `seed:apply` where seeds are of the background.

#[cfg(unix)]
use std::{
    io::{BufRead, BufReader, Read},
    process::Command,
    time::{Duration, Instant},
};

use crate::app::App;
#[cfg(unix)]
use crate::database::texts;
use crate::database::{postgres, wait};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:app.db?mode=rwc";
const NOTES: &str = "SELECT CAST(count(*) AS text) FROM read_notes";

fn call(app: &App, line: &str, url: &str, variables: &[(&str, &str)]) -> String {
    let call = app.ops_of_steps(line).variable("DATABASE_URL", url);
    let call = variables
        .iter()
        .fold(call, |call, (name, value)| call.variable(name, value));
    without_rates(&call.run())
}

/// What was shown, with one name of the program and without how fast the machine was.
fn without_rates(shown: &str) -> String {
    let shown = shown.replace(env!("CARGO_BIN_EXE_ops-of-steps"), "ops");
    let parts: Vec<&str> = shown.split("/s, ").collect();
    let (last, others) = parts.split_last().unwrap();
    let others = others.iter().map(|part| {
        part.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
            + "[rate]/s, "
    });
    others.collect::<String>() + last
}

const WORKED: &str = "\
applying 2026-02-01-notes
2026-02-01-notes: 250 of 250 (100%), [rate]/s, 0s left
applied 2026-02-01-notes in [time]
applying 2026-03-01-after
applied 2026-03-01-after in [time]
";

#[test]
fn a_worker_does_the_background_seeds_and_nothing_else() {
    let app = App::empty();
    let call = |line| call(&app, line, URL, &[]);
    assert_shows(
        &call("seed:work"),
        "exit 2\n-- stderr\nerror: there is no database file app.db\nhelp: if it should be there, correct the path in \
         DATABASE_URL\nhelp: seed:apply creates it\n",
    );
    assert_shows(
        &call("seed:apply --foreground"),
        "exit 0\n-- stdout\n1 applied, 2 left in [time]\n-- stderr\napplying 2026-01-01-first\n\
         applied 2026-01-01-first in [time]\n",
    );
    let exit = |line| call(line).lines().next().unwrap_or_default().to_owned();
    assert_eq!(exit("seed:status --check"), "exit 1");
    assert_eq!(exit("seed:status --check --allow-background"), "exit 0");
    assert_shows(
        &call("seed:status --pending"),
        "exit 0\n-- stdout\n2026-02-01-notes\n2026-03-01-after\n",
    );
    assert_shows(
        &call("seed:work"),
        &format!("exit 0\n-- stdout\n2 applied in [time]\n-- stderr\n{WORKED}"),
    );
    assert_eq!(exit("seed:status --check"), "exit 0");
    assert_shows(
        &call("seed work"),
        "exit 0\n-- stdout\nnothing to do: 1 seed for the background, and nothing is pending\n",
    );
}

#[test]
fn a_run_does_them_after_the_others() {
    let app = App::empty();
    let database = postgres("");
    for url in [URL, &database.url] {
        assert_shows(
            &call(&app, "seed:apply", url, &[]),
            &format!(
                "exit 0\n-- stdout\n3 applied in [time]\n-- stderr\napplying 2026-01-01-first\n\
                 applied 2026-01-01-first in [time]\n{WORKED}"
            ),
        );
    }
    assert_eq!(wait(database.texts(NOTES)), ["252"]);
    wait(database.remove());
}

#[test]
fn one_that_fails_is_told_with_how_it_goes_on() {
    let app = App::empty();
    let fails = [("TEST_FAILS_AFTER", "100")];
    let failure = "\
2026-02-01-notes: 100 of 250 (40%), [rate]/s, 0s left
failed 2026-02-01-notes
error: seeds failed:
  2026-02-01-notes: seed 2026-02-01-notes failed: no such member
note: what is done stays; {counts} in [time]
help: correct what failed, and let 2026-02-01-notes go on where it was:
    ops seed:retry 2026-02-01-notes
";
    let failure = |counts| failure.replace("{counts}", counts);
    assert_shows(
        &call(&app, "seed:apply", URL, &fails),
        &format!(
            "exit 1\n-- stderr\napplying 2026-01-01-first\napplied 2026-01-01-first in [time]\n\
             applying 2026-02-01-notes\n{}",
            failure("1 applied, 1 failed, 1 left")
        ),
    );
    assert_shows(
        &call(&app, "seed:work", URL, &fails),
        "exit 1\n-- stderr\nerror: seeds are left: 2026-02-01-notes, 2026-03-01-after\n\
         note: what is done stays; 2 left in [time]\nhelp: see why:\n    ops seed:status\n",
    );
    let status = call(&app, "seed:status", URL, &[]);
    let remark = "failed after 100: seed 2026-02-01-notes failed: no such member";
    assert!(status.contains(remark), "{status}");

    let far = "2026-02-01-notes: 100 of 250 (40%), [rate]/s, 0s left";
    let help = "-- stderr\nhelp: a worker takes it up: one that runs, the next start of the app, or\n    ops seed:work\n";
    assert_shows(
        &call(&app, "seed:retry notes", URL, &[]),
        &format!("exit 0\n-- stdout\nretrying {far}\n{help}"),
    );
    assert_shows(
        &call(&app, "seed:work", URL, &fails),
        &format!(
            "exit 1\n-- stderr\napplying 2026-02-01-notes\n{}",
            failure("1 failed, 1 left").replace(&format!("{far}\n"), "")
        ),
    );
    call(&app, "seed:retry notes", URL, &[]);
    assert_shows(
        &call(&app, "seed:work", URL, &[]),
        &format!("exit 0\n-- stdout\n2 applied in [time]\n-- stderr\n{WORKED}"),
    );
}

#[cfg(unix)]
#[test]
fn a_command_is_told_of_what_was_done_and_of_what_failed() {
    let app = App::empty();
    let told = |line: &str, variables: &[(&str, &str)]| {
        let shown = call(&app, line, URL, variables);
        let told = app.path("told").exists().then(|| app.read("told"));
        if told.is_some() {
            app.remove("told");
        }
        let told = told.map(|told| serde_json::from_str::<serde_json::Value>(&told).unwrap());
        (shown, told.unwrap_or_default())
    };
    let fails = [("TEST_FAILS_AFTER", "100")];
    let (_, document) = told("seed:apply --notify cat>told", &fails);
    assert_eq!(document["applied"][0]["id"], "2026-01-01-first");
    assert_eq!(
        document["failed_in_background"][0]["id"],
        "2026-02-01-notes"
    );
    call(&app, "seed:retry notes", URL, &[]);
    let (_, document) = told("seed:work", &[fails[0], ("KUMIKO_NOTIFY", "cat > told")]);
    assert_eq!(document["failed"][0]["id"], "2026-02-01-notes");
    call(&app, "seed:retry notes", URL, &[]);
    // What becomes of the command is no failure of the run.
    let (shown, document) = told(
        "seed:work --notify false",
        &[("KUMIKO_NOTIFY", "cat > told")],
    );
    assert!(document.is_null());
    assert!(
        shown.starts_with("exit 0\n-- stdout\n2 applied in"),
        "{shown}"
    );
    let warning = "warning: the command that is to be notified ended with exit status: 1";
    assert!(shown.contains(warning), "{shown}");
    for line in [
        "seed:apply --notify cat>told",
        "seed:work --notify cat>told",
        "seed:apply --databases list --notify cat>told",
    ] {
        app.write("list", "sqlite:app.db\n");
        let (shown, document) = told(line, &[]);
        assert!(
            shown.starts_with("exit 0\n") && document.is_null(),
            "{shown}"
        );
    }
    app.write("list", "sqlite:app.db\nsqlite:new.db?mode=rwc\n");
    let (_, document) = told("seed:apply --databases list --notify cat>told", &[]);
    assert_eq!(document["targets"][1]["outcome"], "applied");
}

/// Runs a worker, and sends it signals once a step has begun. Gives its exit code and what it said after that, but for how
/// far it came and how long it took.
#[cfg(unix)]
fn interrupted(app: &App, line: &str, sleeps: &str, signals: &[&str]) -> String {
    let call = app.ops_of_steps(line).variable("DATABASE_URL", URL);
    let call = call.variable("TEST_SLEEPS_MS", sleeps);
    let call = call.variable("TEST_ITEMS", "1000000");
    let mut rest = String::new();
    let output = call.output_attended(|mut child| {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut shown = String::new();
        while !shown.contains("applying 2026-02-01-notes\n") {
            assert!(stderr.read_line(&mut shown).unwrap() > 0, "{shown}");
        }
        for signal in signals {
            std::thread::sleep(Duration::from_millis(300));
            let sent = Command::new("kill")
                .args(["-s", signal, &child.id().to_string()])
                .status();
            assert!(sent.unwrap().success());
        }
        let begin = Instant::now();
        stderr.read_to_string(&mut rest).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(20), "it went on");
        output
    });
    let rest = rest.replace(env!("CARGO_BIN_EXE_ops-of-steps"), "ops");
    let rest = rest
        .lines()
        .filter(|line| !line.contains(" of 1000000 (0%), "));
    let rest = rest.map(|line| line.split(" in ").next().unwrap_or_default());
    let exit = output.status.code().unwrap_or_default();
    format!("exit {exit}\n{}", rest.collect::<Vec<_>>().join("\n"))
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_after_the_step_in_flight_and_a_second_one_at_once() {
    let app = App::empty();
    call(&app, "seed:apply --foreground", URL, &[]);
    assert_shows(
        &interrupted(&app, "seed:work --applied-by boot", "300", &["INT"]),
        "\
exit 130
error: interrupted by SIGINT (Ctrl-C)
note: what is done stays; 2 left
help: go on from there:
    ops seed:work --applied-by boot
",
    );
    let file = app.path("app.db");
    let done = "SELECT CAST(done + 1 AS text) FROM kumiko_es_progress";
    assert_eq!(wait(texts(&file, NOTES)), wait(texts(&file, done)));
    let before = wait(texts(&file, NOTES));
    let shown = interrupted(&app, "seed:work", "60000", &["TERM", "TERM"]);
    assert_shows(&shown, "exit 143");
    assert_eq!(wait(texts(&file, NOTES)), before);
    assert_eq!(wait(texts(&file, NOTES)), wait(texts(&file, done)));
}
