//! `projection:status`, `projection:check` and `projection:rebuild`.

use crate::app::App;
use crate::database::{SQLITE_PROGRESS, SQLITE_TABLE, postgres, sqlite, under_way, wait};
use crate::transcript::assert_shows;

const URL: &str = "sqlite:app.db?mode=rwc";

/// Six wallets with a deposit each, as somebody wrote who knows of no projections.
fn events() -> String {
    let event = |number: u32| {
        let id = format!("00000000-0000-0000-0000-{number:012}");
        format!(
            "INSERT INTO kumiko_events (aggregate_id, aggregate_type, tenant_id, version, type, payload, metadata, created_by)
             VALUES ('{id}', 'wallet', '00000000-0000-4000-8000-000000000000', 1, 'deposited',
                     '{{\"id\": \"{id}\", \"what\": \"deposited\", \"amount\": 5, \"name\": \"\"}}', '{{}}', 'somebody');"
        )
    };
    (1..=6).map(event).collect()
}

fn call(app: &App, url: &str, line: &str, variables: &[(&str, &str)]) -> String {
    let call = app.ops_of_wallets(line).variable("DATABASE_URL", url);
    let call = variables
        .iter()
        .fold(call, |call, (name, value)| call.variable(name, value));
    let shown = call.run();
    let shown = shown.replace(env!("CARGO_BIN_EXE_ops-of-wallets"), "ops");
    // How fast the machine was is nobody's promise.
    let lines = shown
        .lines()
        .filter(|line| !line.contains("/s") && !line.contains(" of 0 (100%)"));
    lines.map(|line| line.to_owned() + "\n").collect()
}

/// An app that has run, and events that its projections have not got.
fn app_with_events() -> App {
    let app = App::empty();
    call(&app, URL, "seed:apply", &[]);
    sqlite(&app.path("app.db"), &events());
    settle(&app);
    app
}

/// Puts down when each rebuild was, and how long it took.
fn settle(app: &App) {
    let settle =
        "UPDATE kumiko_es_operations SET applied_at = '2026-01-02T03:04:05.678Z', duration_ms = 7";
    sqlite(&app.path("app.db"), settle);
}

#[test]
fn a_check_says_which_rows_are_wrong_and_a_rebuild_mends_them() {
    let app = app_with_events();
    let call = |line| call(&app, URL, line, &[]);
    assert_shows(
        &call("projection:check --show 2"),
        "\
exit 3
-- stdout
wallets 1: 6 events, wrong rows: 6 missing
  missing read_wallets 00000000-0000-0000-0000-000000000001
  missing read_wallets 00000000-0000-0000-0000-000000000002
  and 4 more
  no event yet of type closed, named
totals 1: 6 events, wrong rows: 1 missing
  missing read_totals deposited
  no event yet of type closed
-- stderr
error: rows are not what their events say: wallets, totals
help: make them so while the app serves:
    ops projection:rebuild wallets totals
",
    );
    assert_shows(
        &call("projection:rebuild wallets totals"),
        "\
exit 0
-- stdout
2 applied in [time]
-- stderr
applying projection-rebuild/totals/1/1
applied projection-rebuild/totals/1/1 in [time]
applying projection-rebuild/wallets/1/1
applied projection-rebuild/wallets/1/1 in [time]
",
    );
    assert_shows(
        &call("projection:check"),
        "\
exit 0
-- stdout
wallets 1: 6 events, every row is what they say
  no event yet of type closed, named
totals 1: 6 events, every row is what they say
  no event yet of type closed
",
    );
    sqlite(
        &app.path("app.db"),
        "UPDATE read_wallets SET balance = 0, name = 'x' WHERE id LIKE '%3';
         INSERT INTO read_wallets (id, balance) VALUES ('00000000-0000-0000-0000-000000000099', 0)",
    );
    assert_shows(
        &call("projection:check wallets"),
        "\
exit 3
-- stdout
wallets 1: 6 events, wrong rows: 1 different, 1 superfluous
  different read_wallets 00000000-0000-0000-0000-000000000003 (balance, name)
  superfluous read_wallets 00000000-0000-0000-0000-000000000099
  no event yet of type closed, named
-- stderr
error: rows are not what their events say: wallets
help: make them so while the app serves:
    ops projection:rebuild wallets
",
    );
    assert_shows(
        &call("projection:rebuild wallets --aggregate 00000000-0000-0000-0000-000000000003"),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying aggregate-rebuild/wallets/aggregate-00000000-0000-0000-0000-000000000003/1
applied aggregate-rebuild/wallets/aggregate-00000000-0000-0000-0000-000000000003/1 in [time]
",
    );
}

#[test]
fn a_new_version_is_pending_and_one_that_fails_says_why() {
    let app = app_with_events();
    let call = |version, line| {
        let shown = call(&app, URL, line, &[("TEST_VERSION", version)]);
        settle(&app);
        shown
    };
    assert_shows(
        &call("2", "seed:status --check"),
        "\
exit 1
-- stdout
STATE    ID                            APPLIED AT           TOOK  BY   DESCRIPTION
applied  projection-rebuild/totals/1   2026-01-02 03:04:05  7ms   cli  Rebuild the projection totals, version 1
pending  projection-rebuild/wallets/2                                  Rebuild the projection wallets, version 2 (in the background)

1 applied, 1 pending
",
    );
    let exit = |shown: String| shown.lines().next().unwrap_or_default().to_owned();
    let allowed = "seed:status --check --allow-background";
    assert_eq!(exit(call("2", allowed)), "exit 0");
    assert_shows(
        &call("2", "projection:status"),
        "\
exit 0
-- stdout
STATE    PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
pending  wallets     2        2026-01-02 03:04:05  read_wallets  version 1 is recorded
applied  totals      1        2026-01-02 03:04:05  read_totals
",
    );
    assert_shows(
        &call("2", "projection:rebuild --outdated"),
        "\
exit 0
-- stdout
1 applied in [time]
-- stderr
applying projection-rebuild/wallets/2
applied projection-rebuild/wallets/2 in [time]
",
    );
    assert_shows(
        &call("2", "projection:rebuild --outdated"),
        "exit 0\n-- stdout\nnothing to do: the version of every projection is recorded\n",
    );
    assert_shows(
        &call("1", "projection:status"),
        "\
exit 0
-- stdout
STATE    PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
missing  wallets     1        2026-01-02 03:04:05  read_wallets  version 2 of a newer release is recorded
applied  totals      1        2026-01-02 03:04:05  read_totals
",
    );
    assert_eq!(exit(call("1", "seed:status --check")), "exit 3");
    assert_eq!(exit(call("2", "seed:status --check")), "exit 0");
}

#[test]
fn a_rebuild_that_fails_names_the_event_and_goes_on_when_it_is_told_to() {
    let app = app_with_events();
    let fails = [("TEST_VERSION", "2"), ("TEST_FAILS_AT", "deposited")];
    let why = "projection \"wallets\" cannot apply event 1, deposited at version 1 of wallet \
               00000000-0000-0000-0000-000000000001";
    let rebuild = "projection-rebuild/wallets/2";
    assert_shows(
        &call(&app, URL, "seed:work", &fails),
        &format!(
            "\
exit 1
-- stderr
applying {rebuild}
failed {rebuild}
error: rebuilds failed:
  {rebuild}: {rebuild} failed: {why}: no such currency
note: what is done stays; 1 failed in [time]
help: correct what failed, and let {rebuild} go on where it was:
    ops seed:retry {rebuild}
help: or go on without the events that cannot be applied:
    ops projection:rebuild wallets --quarantine
"
        ),
    );
    assert_shows(
        &call(&app, URL, "projection:status", &fails),
        &format!(
            "\
exit 0
-- stdout
STATE    PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
failed   wallets     2        2026-01-02 03:04:05  read_wallets  0 done, failed after the beginning: {rebuild} failed: {why}: no such currency; version 1 is recorded
applied  totals      1        2026-01-02 03:04:05  read_totals
"
        ),
    );
    assert_shows(
        &call(&app, URL, "projection:check wallets", &fails),
        &format!(
            "exit 2\n-- stderr\nerror: could not check projection wallets\ncaused by: {why}\ncaused by: no such currency\n\
             help: correct its `apply` or the event, and check again:\n    ops projection:check wallets\n"
        ),
    );
    assert_shows(
        &call(&app, URL, "projection:rebuild wallets --quarantine", &fails),
        &format!(
            "exit 0\n-- stdout\n1 applied in [time]\n-- stderr\napplying {rebuild}\napplied {rebuild} in [time]\n"
        ),
    );
    let checked = call(&app, URL, "projection:check wallets", &fails);
    let set_aside = "  set aside: event 1, deposited of wallet 00000000-0000-0000-0000-000000000001: no such currency\n";
    assert!(
        checked.starts_with("exit 0") && checked.contains(set_aside),
        "{checked}"
    );
    let status = call(&app, URL, "projection:status", &fails);
    let remark = "  6 events set aside, as projection:check tells\n";
    assert!(status.contains(remark), "{status}");
    let mended = &fails[..1];
    let worked = call(&app, URL, "projection:rebuild wallets", mended);
    assert!(worked.starts_with("exit 0"), "{worked}");
    let checked = call(&app, URL, "projection:check wallets", mended);
    assert!(
        checked.starts_with("exit 0") && !checked.contains("set aside"),
        "{checked}"
    );
}

#[test]
fn tables_that_the_app_kept_before_are_adopted_if_they_are_right() {
    let app = app_with_events();
    call(&app, URL, "projection:rebuild --all", &[]);
    sqlite(
        &app.path("app.db"),
        "DELETE FROM kumiko_es_operations; UPDATE read_totals SET total = 0",
    );
    let totals = "  no event yet of type closed\n";
    assert_shows(
        &call(&app, URL, "projection:check --mark", &[]),
        &format!(
            "\
exit 3
-- stdout
wallets 1: 6 events, every row is what they say; marked as rebuilt
  no event yet of type closed, named
totals 1: 6 events, wrong rows: 1 different
  different read_totals deposited (total)
{totals}-- stderr
error: rows are not what their events say: totals
help: make them so while the app serves:
    ops projection:rebuild totals
"
        ),
    );
    settle(&app);
    let status = call(&app, URL, "projection:status", &[]);
    let applied = "applied  wallets     1        2026-01-02 03:04:05  read_wallets  marked by hand at 2026-01-02 03:04:05, not run\n";
    assert!(status.contains(applied), "{status}");
    assert!(status.contains("pending  totals"), "{status}");
    // Nobody has booted.
    let by = call(&app, URL, "seed:show projection-rebuild/wallets/1", &[]);
    assert!(by.contains("by           cli\n"), "{by}");
}

/// No worker knows of it, so each line says how it goes on.
#[test]
fn a_rebuild_that_was_asked_for_once_more_goes_on_when_it_is_asked_for_again() {
    let app = app_with_events();
    let fails = [("TEST_FAILS_AT", "deposited")];
    let id = "projection-rebuild/wallets/1/1";
    let failed = call(&app, URL, "projection:rebuild wallets", &fails);
    let help = format!(
        "let {id} go on where it was:\n    ops seed:retry {id}\n    ops projection:rebuild wallets\n"
    );
    assert!(failed.contains(&help), "{failed}");
    let call = |line: &str| call(&app, URL, line, &[]);
    let status = call("projection:status");
    let remark = "once more, failed: 0 done, failed after the beginning: ";
    assert!(status.contains(remark), "{status}");
    assert_shows(
        &call(&format!("seed:retry {id}")),
        &format!(
            "exit 0\n-- stdout\nretrying {id}: 0 done\n-- stderr\nhelp: no worker takes up what somebody has asked \
             for; go on with it:\n    ops projection:rebuild wallets\n"
        ),
    );
    assert_shows(&call("seed:status --pending"), "exit 0\n");
    assert_shows(
        &call("seed:work"),
        "exit 0\n-- stdout\nnothing to do: 2 projections for the background, and nothing is pending\n",
    );
    let outdated = call("projection:rebuild --outdated");
    assert!(outdated.contains("nothing to do"), "{outdated}");
    let worked = call("projection:rebuild wallets");
    assert!(
        worked.contains(&format!("applied {id} in [time]\n")),
        "{worked}"
    );
    assert!(call("seed:status --check").starts_with("exit 0\n"));
}

/// Nobody goes on with it, and a pipeline would be red until somebody cancelled it.
#[test]
fn a_rebuild_to_an_older_version_is_forgotten_with_that_version() {
    let app = app_with_events();
    let fails = [("TEST_FAILS_AT", "deposited")];
    call(&app, URL, "projection:rebuild wallets", &fails);
    let version_2 = [("TEST_VERSION", "2")];
    let worked = call(&app, URL, "projection:rebuild --outdated", &version_2);
    assert!(worked.starts_with("exit 0\n"), "{worked}");
    settle(&app);
    assert_shows(
        &call(&app, URL, "projection:status", &version_2),
        "\
exit 0
-- stdout
STATE    PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
applied  wallets     2        2026-01-02 03:04:05  read_wallets
applied  totals      1        2026-01-02 03:04:05  read_totals
",
    );
    for (version, exit) in [("2", "exit 0\n"), ("1", "exit 3\n")] {
        let checked = call(
            &app,
            URL,
            "seed:status --check",
            &[("TEST_VERSION", version)],
        );
        assert!(checked.starts_with(exit), "{checked}");
    }
}

/// A name at the end of its id is no name of a seed.
#[test]
fn without_a_build_a_rebuild_is_no_seed() {
    let app = App::fixture("shop");
    let rows = under_way("projection-rebuild/first/2", "failed", "");
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{SQLITE_PROGRESS}{rows}"),
    );
    let call = |line: &str| {
        let call = app.command(line);
        call.variable("DATABASE_URL", "sqlite:shop.db").run()
    };
    let status = call("seed:status --format github");
    let annotation = "::error title=Failed rebuild::projection-rebuild/first/2 has failed (";
    assert!(status.contains(annotation), "{status}");
    assert_shows(
        &call("seed:mark projection-rebuild/first --yes"),
        "exit 2\n-- stderr\nerror: there is no rebuild projection-rebuild/first\n\
         help: see what is known of rebuilds with projection:status\n",
    );
    let retried = call("seed:retry projection-rebuild/first/2 --restart --yes");
    assert!(
        retried.contains(
            "cargo run --bin <ops binary> -- seed:retry projection-rebuild/first/2 --restart"
        ),
        "{retried}"
    );
    let shown = call("seed:show projection-rebuild/first/2");
    assert!(shown.contains("state        failed\n"), "{shown}");
    assert!(!shown.contains("handlers"), "{shown}");
    let paused = call("seed:pause projection-rebuild/first/2");
    assert!(
        paused.starts_with("exit 0\n-- stdout\npaused projection-rebuild/first/2: "),
        "{paused}"
    );
}

/// On PostgreSQL as well, with what programs get.
#[test]
fn what_could_not_be_checked_keeps_nobody_from_the_rest() {
    let app = app_with_events();
    let database = postgres("");
    call(&app, &database.url, "seed:apply", &[]);
    wait(database.execute(&events()));
    for url in [URL, &database.url] {
        let made = call(&app, url, "projection:rebuild --all", &[]);
        assert!(made.starts_with("exit 0\n-- stdout\n2 applied"), "{made}");
        assert_shows(
            &call(&app, url, "projection:check", &[("TEST_FAILS_AT", "deposited")]),
            "\
exit 2
-- stdout
totals 1: 6 events, every row is what they say
  no event yet of type closed
-- stderr
error: could not check projection wallets
caused by: projection \"wallets\" cannot apply event 1, deposited at version 1 of wallet 00000000-0000-0000-0000-000000000001
caused by: no such currency
help: correct its `apply` or the event, and check again:
    ops projection:check wallets
",
        );
    }
    wait(database.execute(
        "UPDATE read_wallets SET balance = 0 WHERE id = '00000000-0000-0000-0000-000000000003'",
    ));
    assert_shows(
        &call(&app, &database.url, "projection:check wallets", &[]),
        "\
exit 3
-- stdout
wallets 1: 6 events, wrong rows: 1 different
  different read_wallets 00000000-0000-0000-0000-000000000003 (balance)
  no event yet of type closed, named
-- stderr
error: rows are not what their events say: wallets
help: make them so while the app serves:
    ops projection:rebuild wallets
",
    );
    wait(database.remove());
}

#[test]
fn what_is_asked_for_wrongly_is_answered_with_what_to_do() {
    let app = app_with_events();
    let call = |line| call(&app, URL, line, &[]);
    assert_shows(
        &call("projection:check walets"),
        "exit 2\n-- stderr\nerror: there is no projection walets\nhelp: did you mean wallets?\n",
    );
    assert_shows(
        &call("projection:rebuild nothing"),
        "exit 2\n-- stderr\nerror: there is no projection nothing\nhelp: name one of these: wallets, totals\n",
    );
    assert_shows(
        &call("projection:rebuild"),
        "exit 2\n-- stderr\nerror: no projection is named\nhelp: name some of these: wallets, totals\n\
         help: or rebuild those whose version is not recorded:\n    ops projection:rebuild --outdated\n\
         help: or all of them:\n    ops projection:rebuild --all\n",
    );
    assert_shows(
        &call("projection:rebuild wallets --tenant x"),
        "exit 2\n-- stderr\nerror: --tenant takes the id of one, not \"x\"\n",
    );
    assert_shows(
        &call("projection:rebuild totals --tenant 00000000-0000-4000-8000-000000000000"),
        "exit 2\n-- stderr\nerror: the projection cannot be rebuilt\n\
         caused by: projection \"totals\" can be rebuilt as a whole only\n",
    );
}

/// So that a pipeline need not know which app has projections.
#[test]
fn an_app_without_projections_has_nothing_to_do() {
    let app = App::empty();
    let call = |line: &str| {
        let call = app.ops_of_steps(line).variable("DATABASE_URL", URL);
        call.run()
    };
    let register = "help: the app has no projections; register them beside its handlers:\n    \
                    Handlers::new().projections(Projections::new().register(members))\n";
    for (line, shown) in [
        (
            "projection:status",
            "exit 0\n-- stdout\nthe app has registered no projection\n".to_owned(),
        ),
        (
            "projection:status --format json",
            "exit 0\n-- stdout\n{\n  \"version\": 1,\n  \"projections\": []\n}\n".to_owned(),
        ),
        (
            "projection:check",
            "exit 0\n-- stdout\nnothing to check: the app has registered no projection\n".to_owned(),
        ),
        (
            "projection:check --format json",
            "exit 0\n-- stdout\n{\n  \"version\": 1,\n  \"projections\": [],\n  \"failed\": []\n}\n".to_owned(),
        ),
        (
            "projection:check members",
            format!("exit 2\n-- stderr\nerror: there is no projection members\n{register}"),
        ),
        (
            "projection:rebuild members",
            format!("exit 2\n-- stderr\nerror: there is no projection members\n{register}"),
        ),
        (
            "projection:rebuild",
            format!("exit 2\n-- stderr\nerror: no projection is named\n{register}"),
        ),
        (
            "projection:rebuild --all",
            "exit 0\n-- stdout\nnothing to do: the app has registered no projection\n".to_owned(),
        ),
        (
            "projection:rebuild --outdated",
            "exit 0\n-- stdout\nnothing to do: the app has registered no projection\n".to_owned(),
        ),
    ] {
        assert_shows(&call(line), &shown);
    }
}

/// Who, when, how long, how many.
#[test]
fn a_finished_rebuild_can_be_looked_at() {
    let app = app_with_events();
    let call = |line: &str| call(&app, URL, line, &[]);
    let id = "00000000-0000-0000-0000-000000000001";
    call("projection:rebuild wallets");
    call(&format!("projection:rebuild wallets --aggregate {id}"));
    settle(&app);
    let part = format!("aggregate-rebuild/wallets/aggregate-{id}/1");
    for (rebuild, description, read) in [
        (
            "projection-rebuild/wallets/1/1",
            "Rebuild the projection wallets, version 1".to_owned(),
            "items gone through: 12, steps: 2",
        ),
        (
            part.as_str(),
            format!("Rebuild aggregate-{id} of the projection wallets"),
            "items gone through: 1, steps: 1",
        ),
    ] {
        assert_shows(
            &call(&format!("seed:show {rebuild}")),
            &format!(
                "\
exit 0
-- stdout
id           {rebuild}
description  {description}; {read}
state        applied
applied at   2026-01-02 03:04:05
took         7ms
by           cli
notes        {description}; {read}
"
            ),
        );
    }
    // It is in nobody's way.
    let status = call("seed:status");
    assert!(!status.contains("wallets/1/1"), "{status}");
    assert_shows(
        &call("seed:show projection-rebuild/wallets/1/2"),
        "exit 2\n-- stderr\nerror: there is no rebuild projection-rebuild/wallets/1/2\n\
         help: did you mean projection-rebuild/wallets/1/1?\n",
    );
}

#[test]
fn a_rebuild_runs_again_without_its_marker_if_a_worker_would_take_it_up() {
    let app = app_with_events();
    let call = |line: &str| call(&app, URL, line, &[]);
    let tenant = "00000000-0000-4000-8000-000000000000";
    call("projection:rebuild wallets");
    call(&format!("projection:rebuild wallets --tenant {tenant}"));
    let part = format!("aggregate-rebuild/wallets/tenant-{tenant}/1");
    for (rebuild, again) in [
        ("projection-rebuild/wallets/1/1", "wallets".to_owned()),
        (part.as_str(), format!("wallets --tenant {tenant}")),
    ] {
        let once = format!("{rebuild} was asked for once and no worker takes it up, so it is not");
        assert_shows(
            &call(&format!("seed:unmark {rebuild} --yes")),
            &format!(
                "exit 2\n-- stderr\nerror: {once} unmarked\n\
                 help: rebuild the rows while the app serves:\n    ops projection:rebuild {again}\n"
            ),
        );
        assert_shows(
            &call(&format!("seed:mark {rebuild} --yes")),
            &format!(
                "exit 2\n-- stderr\nerror: {once} marked\nhelp: mark the rebuild of wallets as done if every row is right:\n    \
                 ops projection:check wallets --mark\n"
            ),
        );
        for verb in ["seed:retry", "seed:pause", "seed:retry --restart --yes"] {
            let retried = call(&format!("{verb} {rebuild}"));
            assert_shows(
                &retried,
                &format!(
                    "exit 2\n-- stderr\nerror: {rebuild} is not under way\n\
                     help: see what is known of it:\n    ops seed:show {rebuild}\n\
                     help: or rebuild the rows while the app serves:\n    ops projection:rebuild {again}\n"
                ),
            );
        }
    }
    let first = "projection-rebuild/wallets/1";
    assert_shows(
        &call(&format!("seed:mark {first} --yes")),
        &format!(
            "exit 2\n-- stderr\nerror: {first} is applied already\n\
             help: see what is known of it:\n    ops seed:show {first}\n\
             help: or rebuild the rows while the app serves:\n    ops projection:rebuild wallets\n"
        ),
    );
    assert_shows(
        &call(&format!("seed:unmark {first} --yes")),
        &format!(
            "exit 0\n-- stdout\nunmarked {first}: it is pending again; what it did is not undone\n\
             -- stderr\nhelp: a worker takes it up: one that runs, the next start of the app, or\n    ops seed:work\n"
        ),
    );
    let status = call("seed:status");
    assert!(status.contains(&format!("pending  {first} ")), "{status}");
    assert_shows(
        &call("seed:work"),
        &format!(
            "exit 0\n-- stdout\n1 applied in [time]\n-- stderr\napplying {first}\napplied {first} in [time]\n"
        ),
    );
}

#[test]
fn the_rebuild_to_another_version_is_not_the_apps() {
    let app = app_with_events();
    let in_version = |version: &str, line: &str| {
        let shown = call(&app, URL, line, &[("TEST_VERSION", version)]);
        settle(&app);
        shown
    };
    in_version("2", "projection:rebuild --outdated");
    let [one, two] = [
        "projection-rebuild/wallets/1",
        "projection-rebuild/wallets/2",
    ];
    let shown = in_version("2", &format!("seed:show {one}"));
    assert!(shown.contains("state        applied\n"), "{shown}");
    assert_shows(
        &in_version("2", &format!("seed:unmark {one} --yes")),
        &format!(
            "exit 2\n-- stderr\nerror: nothing would run again without the marker of {one}: the app has version 2 of wallets\n\
             help: rebuild the rows while the app serves:\n    ops projection:rebuild wallets\n"
        ),
    );
    assert_shows(
        &in_version("2", &format!("seed:mark {one} --yes")),
        &format!(
            "exit 2\n-- stderr\nerror: there is nothing to mark in {one}: the app has version 2 of wallets\n\
             help: mark the rebuild of wallets as done if every row is right:\n    ops projection:check wallets --mark\n"
        ),
    );
    // A release that was rolled back.
    assert_shows(
        &in_version("1", &format!("seed:unmark {two} --yes")),
        &format!(
            "exit 0\n-- stdout\nunmarked {two}: the app has version 1 of the projection, which is recorded; what it did is not undone\n"
        ),
    );
    assert!(in_version("1", "seed:status --check").starts_with("exit 0\n"));
}

/// A name is what tells two apps in one database from each other.
#[test]
fn markers_of_another_app_are_none_of_ours() {
    let app = app_with_events();
    // An app without a name has version 3.
    call(
        &app,
        URL,
        "projection:rebuild --outdated",
        &[("TEST_VERSION", "3")],
    );
    let shop = [("TEST_APP", "shop"), ("TEST_VERSION", "2")];
    let call = |line: &str| {
        let shown = call(&app, URL, line, &shop);
        settle(&app);
        shown
    };
    settle(&app);
    let state = |wallets: &str| {
        format!(
            "\
exit 0
-- stdout
STATE    PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
{wallets}
applied  totals      1        2026-01-02 03:04:05  read_totals   applied before the app had its name
"
        )
    };
    assert_shows(
        &call("projection:status"),
        &state("pending  wallets     2                             read_wallets"),
    );
    // One without a name, and of another text.
    sqlite(
        &app.path("app.db"),
        "INSERT INTO kumiko_es_operations (id, operation_type, applied_at, duration_ms, applied_by, notes)
         VALUES ('projection-rebuild/wallets/2', 'projection-rebuild', '2026-01-02T03:04:05.678Z', 7, 'boot', 'x')",
    );
    assert_shows(
        &call("projection:status"),
        "\
exit 0
-- stdout
STATE      PROJECTION  VERSION  REBUILT AT           TABLES        REMARK
contested  wallets     2                             read_wallets  a marker without the app's name is of another text: this app's or another's
applied    totals      1        2026-01-02 03:04:05  read_totals   applied before the app had its name
",
    );
    let seeds = call("seed:status");
    assert!(
        seeds.contains("contested  projection-rebuild/wallets/2 "),
        "{seeds}"
    );
    assert_shows(
        &call("projection:rebuild wallets"),
        "\
exit 1
-- stderr
failed projection-rebuild/wallets/2
error: rebuilds failed:
  projection-rebuild/wallets/2: nothing was written, because it is not known whose markers these are, written without the app's name and from another source text: projection-rebuild/wallets/2
note: what is done stays; 1 failed in [time]
help: if such a rebuild is this app's, mark it; if the marker is another app's, give the projection another version:
    ops seed:mark projection-rebuild/wallets/2
",
    );
    sqlite(
        &app.path("app.db"),
        "DELETE FROM kumiko_es_operations WHERE id = 'projection-rebuild/wallets/2'",
    );
    let own =
        "applying projection-rebuild/wallets/2\napplied projection-rebuild/wallets/2 in [time]\n";
    let worked = call("projection:rebuild --outdated");
    assert!(worked.ends_with(own), "{worked}");
    assert_shows(
        &call("projection:status"),
        &state("applied  wallets     2        2026-01-02 03:04:05  read_wallets"),
    );
}

/// Programs read it, and what `apply` prints is not for them, nor how far a rebuild is.
#[test]
fn stdout_has_nothing_but_the_result() {
    let app = app_with_events();
    let stdout = |line: &str| {
        let call = app.ops_of_wallets(line).variable("DATABASE_URL", URL);
        let shown = call.variable("TEST_PRINTS", "1").run();
        let (_, shown) = shown.split_once("-- stdout\n").unwrap();
        let (stdout, stderr) = shown.split_once("-- stderr\n").unwrap();
        assert!(stderr.contains("applied event 1\n"), "{line}: {stderr}");
        stdout.replace("[time]", "0")
    };
    let checked = stdout("projection:check --format json");
    let checked: serde_json::Value = serde_json::from_str(&checked).unwrap();
    assert_eq!(checked["projections"][0]["missing"], 6);
    let rebuilt = stdout("projection:rebuild wallets --format json");
    let rebuilt: serde_json::Value = serde_json::from_str(&rebuilt).unwrap();
    assert_eq!(
        rebuilt["applied"][0]["id"],
        "projection-rebuild/wallets/1/1"
    );
    let checked = stdout("projection:check wallets");
    assert_eq!(
        checked,
        "wallets 1: 6 events, every row is what they say\n  no event yet of type closed, named\n"
    );
}

/// Files do not tell to which versions there are rebuilds.
#[test]
fn without_a_build_a_finished_rebuild_is_found() {
    let app = App::fixture("shop");
    let rebuild = |id: &str| {
        format!(
            "INSERT INTO kumiko_es_operations (id, operation_type, applied_at, duration_ms, applied_by, notes)
             VALUES ('{id}', 'projection-rebuild', '2026-03-01T12:30:00.250Z', 1500, 'cli', 'Rebuild; items gone through: 4, steps: 1'),
                    ('{id}/source', 'seed-source', '2026-03-01T12:30:00.250Z', 0, 'cli', 'x');"
        )
    };
    let [version, once] = ["projection-rebuild/first/2", "projection-rebuild/first/2/1"];
    sqlite(
        &app.path("shop.db"),
        &format!("{SQLITE_TABLE}{}{}", rebuild(version), rebuild(once)),
    );
    let call = |line: &str| {
        let call = app.command(line);
        call.variable("DATABASE_URL", "sqlite:shop.db").run()
    };
    assert_shows(
        &call(&format!("seed:show {once}")),
        &format!(
            "\
exit 0
-- stdout
id           {once}
description  Rebuild; items gone through: 4, steps: 1
state        applied
applied at   2026-03-01 12:30:00
took         1.5s
by           cli
notes        Rebuild; items gone through: 4, steps: 1
"
        ),
    );
    assert_shows(
        &call(&format!("seed:mark {version} --yes")),
        &format!(
            "exit 2\n-- stderr\nerror: {version} is of no file, and what it is of now is known to the app's own ops binary alone\n\
             help: mark the rebuild of first as done if every row is right:\n    cargo kumiko-ops projection:check first --mark\n\
             help: or mark it without a look at the rows:\n    cargo run --bin <ops binary> -- seed:mark {version}\n"
        ),
    );
    assert_shows(
        &call(&format!("seed:unmark {once} --yes")),
        &format!(
            "exit 2\n-- stderr\nerror: {once} was asked for once and no worker takes it up, so it is not unmarked\n\
             help: rebuild the rows while the app serves:\n    cargo kumiko-ops projection:rebuild first\n"
        ),
    );
    assert_shows(
        &call(&format!("seed:unmark {version} --yes")),
        &format!(
            "exit 0\n-- stdout\nunmarked {version}: it is pending again if the app has this version of the projection; what it did is not undone\n"
        ),
    );
    // What is left of them is suggested for no seed.
    assert_shows(
        &call("seed:show rebuild"),
        "exit 2\n-- stderr\nerror: there is no seed rebuild\nhelp: see the ids of all seeds with seed:status\n",
    );
}

/// The ops binary is the one that knows what it is of.
#[test]
fn a_rebuild_that_was_asked_for_can_begin_anew() {
    let app = app_with_events();
    let fails = [("TEST_FAILS_AT", "deposited")];
    let id = "projection-rebuild/wallets/1/1";
    call(&app, URL, "projection:rebuild wallets", &fails);
    assert_shows(
        &call(&app, URL, &format!("seed:retry {id} --restart --yes"), &[]),
        &format!(
            "exit 0\n-- stdout\nrestarting {id}: 0 done\n-- stderr\nhelp: no worker takes up what somebody has asked \
             for; go on with it:\n    ops projection:rebuild wallets\n"
        ),
    );
    let other = call(
        &app,
        URL,
        &format!("seed:retry {id} --restart --yes"),
        &[("TEST_VERSION", "2")],
    );
    assert_shows(
        &other,
        &format!(
            "exit 2\n-- stderr\nerror: the app does not have what {id} is of, or has another version of it\n\
             help: give it up with seed:cancel\n"
        ),
    );
}
