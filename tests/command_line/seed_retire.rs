//! `seed:retire`, and what the commands that compile nothing make of it.

use crate::app::App;
use crate::database::{SQLITE_TABLE, marker, sqlite};
use crate::transcript::assert_shows;

/// The app of the fixture, its first seed applied.
fn shop() -> App {
    let app = App::fixture("shop");
    let applied = format!("{SQLITE_TABLE}{}", marker("2026-01-10-first"));
    sqlite(&app.path("shop.db"), &applied);
    app
}

fn call(app: &App, words: &str) -> String {
    let command = app.command(words);
    command.variable("DATABASE_URL", "sqlite:shop.db").run()
}

#[test]
fn what_is_retired_stays_known() {
    let app = shop();
    app.write("tests/2026_01_10_first.rs", "#[test] fn it_does() {}\n");
    let changes = "remove seeds/2026-01-10-first.rs\nremove tests/2026_01_10_first.rs\n\
                   write seeds/retired.txt: last in winter\n";
    assert_shows(
        &call(&app, "seed:retire first --release winter --dry-run"),
        &format!("exit 0\n-- stdout\n{changes}nothing was changed\n"),
    );
    let notes = format!("note: {}\n", changes.trim_end().replace('\n', "\nnote: "));
    assert_shows(
        &call(&app, "seed:retire first --release winter"),
        &format!(
            "exit 2\n-- stderr\nerror: this asks first, and there is nobody to ask\n{notes}help: say yes beforehand:\n    \
             cargo kumiko-ops seed:retire first --release winter --yes\n"
        ),
    );
    assert!(app.path("seeds/2026-01-10-first.rs").exists());
    assert!(!app.path("seeds/retired.txt").exists());

    assert_shows(
        &call(&app, "seed:retire first --release winter --yes"),
        &format!(
            "exit 0\n-- stdout\n{changes}-- stderr\nhelp: a database that has not applied them is refused from now \
             on; start winter on it first\n"
        ),
    );
    for gone in ["seeds/2026-01-10-first.rs", "tests/2026_01_10_first.rs"] {
        assert!(!app.path(gone).exists(), "{gone}");
    }
    assert_shows(
        &call(&app, "seed:status --check"),
        "\
exit 1
-- stdout
STATE    ID                 APPLIED AT           TOOK  BY    DESCRIPTION
applied  2026-01-10-first   2026-03-01 12:30:00  1.5s  boot  What came first (retired, last in winter)
pending  2026-02-20-second                                   What came second

1 applied, 1 pending
",
    );
    let shown = call(&app, "seed:show first");
    assert!(shown.contains("retired, last in winter"), "{shown}");

    assert_shows(
        &call(&app, "seed:retire first --yes"),
        "exit 2\n-- stderr\nerror: 2026-01-10-first is retired already, since winter\n",
    );
    let shown = call(&app, "seed:new first --date 2026-01-10");
    let refusal = "exit 2\n-- stderr\nerror: 2026-01-10-first is the id of a seed that is retired since winter, and";
    assert!(shown.starts_with(refusal), "{shown}");

    // The second one is not applied in this database, which does not stop anybody.
    assert_shows(
        &call(&app, "seed:retire --before 2027-01-01 --yes"),
        "exit 0\n-- stdout\nremove seeds/2026-02-20-second.rs\nwrite seeds/retired.txt: last in [time]\n-- stderr\n\
         warning: 2026-02-20-second is not applied there (sqlite:shop.db)\n\
         help: a database that has not applied them is refused from now on; start 0.1.0 on it first\n",
    );
    // By default it is the version of the package.
    let list = app.read("seeds/retired.txt");
    assert!(list.contains(" winter What came first\n"), "{list}");
    assert!(list.ends_with(" 0.1.0 What came second\n"), "{list}");
    let status = call(&app, "seed:status --check");
    assert!(status.contains("\nretired  2026-02-20-second "), "{status}");
    assert!(
        status.starts_with("exit 1\n") && status.ends_with("\n1 applied, 0 pending, 1 retired\n"),
        "{status}"
    );
    call(&app, "seed:mark second --yes");
    let status = call(&app, "seed:status --check");
    assert!(
        status.starts_with("exit 0\n") && status.ends_with("\n2 applied, 0 pending\n"),
        "{status}"
    );
}

#[test]
fn what_others_wait_for_or_nobody_knows_is_not_retired() {
    let app = shop();
    let second = app.read("seeds/2026-02-20-second.rs");
    let waiting = second.clone() + "pub const AFTER: &[&str] = &[\"2026-01-10-first\"];\n";
    app.write("seeds/2026-02-20-second.rs", &waiting);
    assert_shows(
        &call(&app, "seed:retire first --yes"),
        "exit 2\n-- stderr\nerror: 2026-01-10-first cannot be retired: 2026-02-20-second names it in AFTER\n\
         help: retire 2026-02-20-second with it, or leave 2026-01-10-first\n",
    );
    let unknown = call(&app, "seed:retire second frist --yes");
    assert!(
        unknown.starts_with("exit 2\n-- stderr\nerror: there is no seed frist\n"),
        "{unknown}"
    );
    assert!(!app.path("seeds/retired.txt").exists());
    assert_eq!(app.read("seeds/2026-02-20-second.rs"), waiting);
}
