//! An app is compiled with the seeds of the folder that it is in, wherever its build output came from.

use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use crate::app::{App, seed};

/// Makes Cargo compile the app, and not run the build script, since that is older than the script's last run.
fn edit(app: &App) {
    let main = fs::read_to_string(app.path("src/main.rs")).unwrap();
    app.write("src/main.rs", main + "// Edited.\n");
}

fn touch(path: &Path) {
    let file = File::open(path).unwrap();
    file.set_modified(SystemTime::now()).unwrap();
}

fn descriptions(app: &App) -> Vec<String> {
    let seeds = app.printed_seeds();
    seeds
        .iter()
        .map(|line| line.split('"').nth(1).unwrap().to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn a_folder_copied_or_moved_with_its_build_output_compiles_its_own_seeds() {
    let app = App::new("copied").with_target_inside();
    app.write(
        "seeds/2026-05-20-x.rs",
        seed("Text", "ctx.say(\"as it was\");"),
    );
    assert_eq!(descriptions(&app), ["Text"]);

    let copy = app.copied("copy");
    assert!(copy.is_fresh(), "what was built is used");
    app.write("seeds/2026-05-20-x.rs", seed("Text of the original", ""));
    edit(&copy);
    assert_eq!(
        descriptions(&copy),
        ["Text"],
        "the text of the original came into the copy"
    );
    copy.write("seeds/2026-05-20-x.rs", seed("Text of the copy", ""));
    assert_eq!(descriptions(&copy), ["Text of the copy"]);
    assert_eq!(descriptions(&app), ["Text of the original"]);

    let moved = copy.moved("elsewhere");
    assert!(moved.is_fresh(), "what was built is used");
    edit(&moved);
    assert_eq!(descriptions(&moved), ["Text of the copy"]);
    moved.write(
        "seeds/2026-05-20-x.rs",
        seed("Broken", "ctx.no_such_method();"),
    );
    let place = format!("--> {}:6:9", moved.path("seeds/2026-05-20-x.rs").display());
    let messages = moved.build().messages;
    assert!(messages.contains(&place), "{messages}");
}

/// Cargo takes packages of one name for the same if they are built into one folder, wherever they are.
#[cfg(unix)]
#[test]
fn work_trees_that_share_a_build_output_never_compile_each_others_seeds() {
    let one = App::new("work-tree");
    one.write("seeds/2026-05-20-x.rs", seed("Text", ""));
    let same = one.copied("same");
    let other = one.copied("other");
    other.write("seeds/2026-05-20-x.rs", seed("Text of the other", ""));
    other.make_old("seeds/2026-05-20-x.rs");
    other.make_old("seeds");
    assert_eq!(descriptions(&one), ["Text"]);

    edit(&same);
    assert_eq!(descriptions(&same), ["Text"]);

    // The build script is not run, for nothing is newer than its last run. What it wrote does not fit.
    edit(&other);
    let messages = other.build().messages;
    let path = other.path("seeds/2026-05-20-x.rs");
    let expected = format!(
        "error: seeds/2026-05-20-x.rs is not what the build script has read, and its time stamp does not tell; \
         let the script run again:\n           touch {}\n",
        path.display()
    );
    assert!(messages.contains(&expected), "{messages}");
    touch(&path);
    assert_eq!(descriptions(&other), ["Text of the other"]);

    // The same for a seed that the script has not read.
    let more = one.copied("more");
    more.write("seeds/2026-05-21-more.rs", seed("More", ""));
    more.make_old("seeds/2026-05-21-more.rs");
    more.make_old("seeds");
    touch(&one.path("seeds/2026-05-20-x.rs"));
    assert_eq!(descriptions(&one), ["Text"]);
    edit(&more);
    let messages = more.build().messages;
    let expected = format!(
        "error: seeds/2026-05-21-more.rs is not among the seeds that the build script has read, and its time stamp \
         does not tell; let the script run again:\n           touch {}\n",
        more.path("seeds/2026-05-21-more.rs").display()
    );
    assert!(messages.contains(&expected), "{messages}");
}
