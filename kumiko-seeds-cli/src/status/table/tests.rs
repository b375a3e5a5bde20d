use super::{StatusView, Terminal};
use kumiko_seeds::{
    Environment, History, ProgressState, SeedInfo, SeedProgress, SkipFlags, Status,
};
use unicode_width::UnicodeWidthStr;

use crate::printing::Palette;

const LONG: &str = "Grant TenantAdmin to the first admin wherever it lacks it";

fn status(seeds: &[(&str, &str)]) -> Status {
    let seeds = seeds
        .iter()
        .map(|(id, description)| SeedInfo::new(id, description));
    Status::compare(
        seeds,
        History::default(),
        &SkipFlags::default(),
        &Environment::Unset,
    )
}

fn table(status: &Status, palette: Palette, width: Option<usize>) -> String {
    super::table(&StatusView::of(status), Terminal { palette, width })
}

#[test]
fn the_description_is_cut_where_a_terminal_is_too_narrow() {
    let status = status(&[("2026-01-10-first", LONG), ("2026-02-20-second", "Short")]);
    let plain = |width| table(&status, Palette::default(), width);
    let whole = format!(
        "STATE    ID                 APPLIED AT  TOOK  BY  DESCRIPTION\n\
         pending  2026-01-10-first                         {LONG}\n\
         pending  2026-02-20-second                        Short\n\
         \n0 applied, 2 pending\n"
    );
    assert_eq!(plain(None), whole);
    assert_eq!(plain(Some(50 + LONG.len())), whole);
    let shortened = plain(Some(80));
    assert_eq!(
        shortened,
        whole.replace(LONG, "Grant TenantAdmin to the firs…")
    );
    assert!(shortened.lines().all(|line| line.width() <= 80));
    assert_eq!(plain(Some(10)), whole.replace(LONG, "Grant Tenan…"));
}

#[test]
fn wide_characters_take_two_columns() {
    let status = status(&[("2026-01-10-first", "管理者の役割を修正する")]);
    let plain = |width| table(&status, Palette::default(), width);
    assert!(plain(Some(49 + 22)).contains("管理者の役割を修正する\n"));
    assert!(plain(Some(49 + 15)).contains("管理者の役割を…\n"));
    assert!(plain(Some(49 + 14)).contains("管理者の役割…\n"));
}

#[test]
fn only_states_and_headings_have_colours() {
    let shown = table(
        &status(&[("2026-01-10-first", "What")]),
        Palette::colored(),
        None,
    );
    let mut lines = shown.lines();
    let bold = |text: &str| format!("\u{1b}[1m{text}\u{1b}[0m");
    let heading = lines.next().unwrap_or_default();
    assert!(
        heading.starts_with(&(bold("STATE") + "    " + &bold("ID"))),
        "{heading:?}"
    );
    assert_eq!(
        lines.next(),
        Some("\u{1b}[1m\u{1b}[33mpending\u{1b}[0m  2026-01-10-first                        What")
    );
}

#[test]
fn a_forged_description_stays_in_its_row() {
    let shown = table(
        &status(&[("2026-01-10-first", "a\napplied\u{1b}[2J")]),
        Palette::default(),
        None,
    );
    assert!(shown.contains("a\u{fffd}applied\u{fffd}[2J\n"), "{shown}");
}

#[test]
fn how_far_a_seed_is_comes_first_and_a_forged_error_stays_in_its_row() {
    let mut progress = SeedProgress::default();
    progress.id = "2026-01-10-first".to_owned();
    progress.state = ProgressState::Failed;
    progress.done = 3;
    progress.total = Some(12);
    progress.error = Some("a\napplied\u{1b}[2J".to_owned());
    let mut history = History::default();
    history.progress.push(progress);
    let seed = SeedInfo::new("2026-01-10-first", LONG);
    let status = Status::compare([seed], history, &SkipFlags::default(), &Environment::Unset);
    let row = |width| {
        let shown = table(&status, Palette::default(), width);
        shown.lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(
        row(None),
        format!(
            "failed  2026-01-10-first                        3 of 12 (25%), failed after the beginning: \
             a\u{fffd}applied\u{fffd}[2J ({LONG})"
        )
    );
    assert_eq!(
        row(Some(70)),
        "failed  2026-01-10-first                        3 of 12 (25%), failed…"
    );
}
