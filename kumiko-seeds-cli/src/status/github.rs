//! Where each seed stands, as workflow commands of GitHub Actions. Pure.

use kumiko_seeds::State;

use super::table::sum;
use super::view::{SeedView, StatusView};
use crate::operation_id::{is_operation, is_rebuild};
use crate::printing::printable;

/// An annotation for each seed that somebody should look at, and a line that sums it up.
pub(super) fn annotations(
    status: &StatusView<'_>,
    file_of: &dyn Fn(&str) -> Option<String>,
) -> String {
    let lines = status
        .seeds
        .iter()
        .filter_map(|seed| annotation(seed, file_of));
    lines.chain([sum(status)]).map(|line| line + "\n").collect()
}

fn annotation(seed: &SeedView<'_>, file_of: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (level, title, says) = match seed.state {
        State::Applied | State::Former | State::Foreign | State::NotHere => return None,
        State::Changed => ("warning", "Changed seed", "was edited since it was applied"),
        State::Skipped => (
            "notice",
            "Skipped seed",
            "is pending, and a flag that is set here skips it",
        ),
        State::Pending => ("warning", "Pending seed", "is pending"),
        State::Running => ("notice", "Running seed", "is running"),
        State::Paused => ("warning", "Paused seed", "is paused"),
        State::Failed => ("error", "Failed seed", "has failed"),
        State::Cancelled => ("warning", "Cancelled seed", "is cancelled"),
        State::OutOfOrder => (
            "error",
            "Seed out of order",
            "is pending, and a seed with a later date is applied already",
        ),
        State::Missing => (
            "error",
            "Missing seed",
            "is applied, and the app does not have it",
        ),
        State::Renamed => (
            "error",
            "Renamed seed",
            "is pending, and applied under the name of a file that is gone",
        ),
        State::Retired => (
            "error",
            "Retired seed",
            "is not applied, and the app cannot apply it any more",
        ),
        State::Contested => (
            "error",
            "Contested seed",
            "is pending, and has a marker from before the app had its name, of another text",
        ),
        // States that the library learns later on.
        state => ("error", "Seed to look at", state.as_str()),
    };
    let title = match seed.id {
        id if is_rebuild(id) => title.replace("seed", "rebuild").replace("Seed", "Rebuild"),
        id if is_operation(id) => title
            .replace("seed", "operation")
            .replace("Seed", "Operation"),
        _ => title.to_owned(),
    };
    // A seed that the app does not have is in no file, and neither is what is no seed.
    let file = if is_operation(seed.id) || seed.state == State::Missing {
        None
    } else {
        file_of(seed.id)
    };
    let file = file.map_or_else(String::new, |file| format!("file={},", property(&file)));
    let mut message = format!("{} {says}", seed.id);
    // The page that shows the annotation shows nothing else of how far it is, or of why it failed.
    if let (Some(_), Some(remark)) = (&seed.progress, &seed.remark) {
        message = format!("{message} ({remark})");
    }
    if !seed.description.is_empty() {
        message = format!("{message}: {}", seed.description);
    }
    Some(format!(
        "::{level} {file}title={}::{}",
        property(&title),
        data(&message)
    ))
}

/// A message, with everything escaped that would end the workflow command or begin another.
fn data(text: &str) -> String {
    let escaped = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    printable(&escaped)
}

/// A property, which ends at a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kumiko_seeds::{
        Environment, History, ProgressState, SeedInfo, SeedProgress, SkipFlags, Status,
    };

    #[test]
    fn nothing_in_a_seed_ends_the_command_or_starts_another() {
        let seed = SeedInfo::new(
            "2026-01-10-first",
            "100% a,b: c\r\n::error::forged\u{1b}[2J",
        );
        let status = Status::compare(
            [seed],
            History::default(),
            &SkipFlags::default(),
            &Environment::Unset,
        );
        let file = |id: &str| Some(format!("odd, folder: 5%/{id}.rs"));
        assert_eq!(
            annotations(&StatusView::of(&status), &file),
            "::warning file=odd%2C folder%3A 5%25/2026-01-10-first.rs,title=Pending seed::\
             2026-01-10-first is pending: 100%25 a,b: c%0D%0A::error::forged\u{fffd}[2J\n\
             0 applied, 1 pending\n"
        );
    }

    #[test]
    fn a_rebuild_is_called_one_and_is_in_no_file() {
        let rebuild = SeedInfo::new("projection-rebuild/members/2", "What").in_background();
        let status = Status::compare(
            [rebuild],
            History::default(),
            &SkipFlags::default(),
            &Environment::Unset,
        );
        let file = |id: &str| Some(format!("seeds/{id}.rs"));
        assert_eq!(
            annotations(&StatusView::of(&status), &file),
            "::warning title=Pending rebuild::projection-rebuild/members/2 is pending: What\n0 applied, 1 pending\n"
        );
    }

    #[test]
    fn how_far_a_seed_is_and_why_it_failed_is_said() {
        let all = [
            ProgressState::Running,
            ProgressState::Paused,
            ProgressState::Failed,
            ProgressState::Cancelled,
        ];
        let ids = ["a", "b", "c", "d"];
        let mut history = History::default();
        for (id, state) in ids.into_iter().zip(all) {
            let mut progress = SeedProgress::default();
            progress.id = id.to_owned();
            progress.state = state;
            progress.done = 3;
            progress.total = Some(12);
            if state == ProgressState::Failed {
                progress.cursor = Some("17".to_owned());
                progress.error = Some("100% broken\nfor good".to_owned());
            }
            history.progress.push(progress);
        }
        let seeds = ids.map(|id| SeedInfo::new(id, "What"));
        let status = Status::compare(seeds, history, &SkipFlags::default(), &Environment::Unset);
        assert_eq!(
            annotations(&StatusView::of(&status), &|_| None),
            "\
::notice title=Running seed::a is running (3 of 12 (25%25)): What
::warning title=Paused seed::b is paused (3 of 12 (25%25)): What
::error title=Failed seed::c has failed (3 of 12 (25%25), failed after 17: 100%25 broken%0Afor good): What
::warning title=Cancelled seed::d is cancelled (3 of 12 (25%25)): What
0 applied, 0 pending, 1 running, 1 paused, 1 failed, 1 cancelled
"
        );
    }
}
