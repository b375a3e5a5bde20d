use indicatif::InMemoryTerm;

use super::*;

/// What the terminal shows once it is this, which may take a moment.
fn shown(terminal: &InMemoryTerm, is_it: impl Fn(&str) -> bool) -> String {
    for _ in 0..1_000 {
        let text = terminal.contents();
        if is_it(&text) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    unreachable!("{}", terminal.contents());
}

fn on(terminal: &InMemoryTerm) -> ProgressDrawTarget {
    ProgressDrawTarget::term_like(Box::new(terminal.clone()))
}

#[test]
fn the_line_moves_and_leaves_nothing() {
    let terminal = InMemoryTerm::new(5, 40);
    let line = moving(on(&terminal), "applying a".to_owned(), Duration::ZERO, None);
    let first = shown(&terminal, |text| text.contains(" applying a 0."));
    let second = shown(&terminal, |text| {
        text.chars().next() != first.chars().next()
    });
    assert!(
        second.contains(" applying a ") && second.ends_with('s'),
        "{second}"
    );
    shown(&terminal, |text| text.contains(" applying a 1."));
    line.finish_and_clear();
    assert_eq!(terminal.contents(), "");
}

#[test]
fn waiting_counts_from_when_it_began() {
    let terminal = InMemoryTerm::new(5, 120);
    let (waited, limit) = (Duration::from_secs(5), Duration::from_mins(5));
    let _line = moving(on(&terminal), "waiting".to_owned(), waited, Some(limit));
    shown(&terminal, |text| text.contains(" waiting (5."));
    shown(&terminal, |text| text.contains(" waiting (6."));
    assert!(terminal.contents().ends_with("s of at most 300.0s)"));
}

fn progress(done: u64, total: Option<u64>) -> SeedProgress {
    let mut progress = SeedProgress::default();
    progress.done = done;
    progress.total = total;
    progress.worked = Duration::from_secs(done / 100);
    progress
}

#[test]
fn steps_are_a_bar_that_stays_and_fills() {
    let terminal = InMemoryTerm::new(5, 66);
    let bar = steps(on(&terminal), "a", Some(1_000));
    for (done, expected) in [
        (
            200,
            "applying a ━━━╸─────────────── 200 of 1000 (20%), 100/s, 8s left",
        ),
        (
            500,
            "applying a ━━━━━━━━━╸───────── 500 of 1000 (50%), 100/s, 5s left",
        ),
        (
            1_000,
            "applying a ━━━━━━━━━━━━━━━━━ 1000 of 1000 (100%), 100/s, 0s left",
        ),
    ] {
        show_step(&bar, &progress(done, Some(1_000)));
        shown(&terminal, |text| {
            text.split_once(' ')
                .is_some_and(|(_, text)| text == expected)
        });
    }
    bar.finish_and_clear();
    assert_eq!(terminal.contents(), "");
}

#[test]
fn without_a_total_what_is_known_is_said() {
    let terminal = InMemoryTerm::new(5, 80);
    let bar = steps(on(&terminal), "a", None);
    show_step(&bar, &progress(300, None));
    shown(&terminal, |text| {
        text.ends_with(" applying a: 300 done, 100/s")
    });
}

#[test]
fn the_bar_is_one_from_step_to_step_and_gone_with_the_next_line() {
    let mut moving = Moving {
        target: ProgressDrawTarget::hidden,
        bar: ProgressBar::hidden(),
        stepping: None,
    };
    let id = "2026-01-01-a";
    for done in [100, 200] {
        let progress = progress(done, Some(400));
        let stepped = Progress::Stepped {
            id,
            items: 100,
            duration: Duration::from_secs(1),
            progress: &progress,
        };
        assert!(moving.shows(stepped, ""));
        assert_eq!(
            (moving.bar.position(), moving.bar.length()),
            (done, Some(400))
        );
    }
    let bar = moving.bar.clone();
    assert!(!bar.is_finished());
    assert!(!moving.shows(Progress::Paused { id }, "paused"));
    assert!(bar.is_finished());
}
