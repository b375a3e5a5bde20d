//! The colours of what people read.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use kumiko_seeds::State;

/// The colours of one stream; none at all where it is no terminal, or where they are not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) heading: Style,
    pub(crate) error: Style,
    pub(crate) warning: Style,
    pub(crate) good: Style,
    pub(crate) hint: Style,
    pub(crate) faint: Style,
}

impl Palette {
    /// The colours to use on stdout.
    pub(crate) fn of_stdout() -> Self {
        Self::of(AutoStream::choice(&std::io::stdout()))
    }

    /// The colours to use on stderr.
    pub(crate) fn of_stderr() -> Self {
        Self::of(AutoStream::choice(&std::io::stderr()))
    }

    /// Every colour.
    pub(crate) fn colored() -> Self {
        let bold = |color: AnsiColor| color.on_default().bold();
        Self {
            heading: Style::new().bold(),
            error: bold(AnsiColor::Red),
            warning: bold(AnsiColor::Yellow),
            good: AnsiColor::Green.on_default(),
            hint: bold(AnsiColor::Cyan),
            faint: Style::new().dimmed(),
        }
    }

    /// The colour of where a seed stands.
    pub(crate) fn of_state(&self, state: State) -> Style {
        match state {
            State::Applied => self.good,
            State::Pending | State::Paused | State::Cancelled => self.warning,
            State::Running => self.hint,
            State::Skipped | State::NotHere | State::Former | State::Foreign => self.faint,
            // What has failed or drifted, also states that the library learns later on.
            _ => self.error,
        }
    }

    fn of(choice: ColorChoice) -> Self {
        if choice == ColorChoice::Never {
            Self::default()
        } else {
            Self::colored()
        }
    }
}

/// A text in a style; the text itself where the style is none.
pub(crate) fn painted(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}
