//! The refusal of an ops binary whose app is another than the one that Cargo.toml names. Pure.

use kumiko_seeds::App;
use kumiko_seeds_cli::Failure;

use crate::package::Member;

/// Says which app the binary is of, which one its package, and how either becomes the other.
pub(super) fn another_app(bin: &str, app: &App, member: &Member) -> Failure {
    let settings = member.settings.app();
    if let Err(error) = app.check() {
        return Failure::new(format!("the ops binary {bin} cannot be used"))
            .caused_by(&error)
            .help(format!(
                "give the app's SeedRunner another one:{}",
                call(settings.name().unwrap_or("my-app"))
            ));
    }
    let manifest = member.manifest().display();
    let of_binary = match app.name() {
        Some(name) => format!("the app {name}"),
        None => "an app without a name".to_owned(),
    };
    let of_settings = match settings.name() {
        Some(name) => format!("the app {name}"),
        None => "no app".to_owned(),
    };
    let mut failure = Failure::new(format!(
        "the ops binary {bin} applies the seeds of {of_binary}, and {manifest} names {of_settings}"
    ));
    failure.notes.push("nothing was applied".to_owned());
    if let Some(name) = app.name() {
        failure = failure.help(format!(
            "if {name} is right, name it in {manifest}, for the commands that compile nothing:\n    \
             [package.metadata.kumiko-ops]\n    app = \"{name}\""
        ));
    }
    if let Some(name) = settings.name() {
        failure = failure.help(format!(
            "if {name} is right, give the app's SeedRunner that name:{}",
            call(name)
        ));
    }
    failure.help(
        "an app keeps its name: under another one none of its seeds counts as applied, and all of them would run again",
    )
}

fn call(name: &str) -> String {
    format!("\n    SeedRunner::new(SEEDS).app(\"{name}\")")
}
