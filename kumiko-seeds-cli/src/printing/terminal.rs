//! What a result is printed on.

use std::io::IsTerminal;

use terminal_size::terminal_size_of;

use super::palette::Palette;

/// What a result is printed on: a terminal with its colours and its width, or something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terminal {
    pub(crate) palette: Palette,
    /// In columns; none where it is no terminal, and nothing may be cut.
    pub(crate) width: Option<usize>,
}

impl Terminal {
    /// What stdout of this process is.
    pub(crate) fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let size = stdout.is_terminal().then(|| terminal_size_of(&stdout));
        Self {
            palette: Palette::of_stdout(),
            // A terminal may not know its width, and then it says 0.
            width: size
                .flatten()
                .map(|(width, _)| width.0.into())
                .filter(|&width| width > 0),
        }
    }
}
