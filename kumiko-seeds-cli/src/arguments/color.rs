//! When to print in colours: `--color`, `NO_COLOR`, and whether somebody looks at it.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ColorChoice};

/// The option `--color`, for every command.
pub(crate) fn argument() -> Arg {
    Arg::new("color")
        .long("color")
        .global(true)
        .value_name("WHEN")
        .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
        .hide_possible_values(true)
        .help("When to print in colours: auto, always or never; auto if not given, which is on a terminal without NO_COLOR")
}

/// The choice in the arguments, found before they are parsed: an error about them follows it, too.
pub(crate) fn choice(arguments: &[OsString]) -> ColorChoice {
    let words = arguments.iter().map(|argument| argument.to_string_lossy());
    let words: Vec<_> = words.take_while(|word| word != "--").collect();
    let following = words.iter().zip(words.iter().skip(1));
    let separate = following
        .filter(|(word, _)| *word == "--color")
        .map(|(_, value)| &**value);
    let joined = words
        .iter()
        .filter_map(|word| word.strip_prefix("--color="));
    match separate.chain(joined).next_back() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Lets everything that this process prints from now on follow the choice.
pub(crate) fn set(choice: ColorChoice) {
    // clap prints through anstream as well.
    match choice {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        ColorChoice::Auto => anstream::ColorChoice::Auto,
    }
    .write_global();
}

/// The arguments that let another program of this kind, or Cargo, print as this one was told to.
#[must_use]
pub fn color_arguments() -> &'static [&'static str] {
    match anstream::ColorChoice::global() {
        anstream::ColorChoice::Auto => &[],
        anstream::ColorChoice::Never => &["--color", "never"],
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => &["--color", "always"],
    }
}

#[cfg(test)]
mod tests {
    use clap::ColorChoice::{Always, Auto, Never};

    use super::choice;

    #[test]
    fn the_choice_is_found_in_any_spelling() {
        for (line, found) in [
            ("x seed:status", Auto),
            ("x --color always seed:status", Always),
            ("x seed:status --color=never", Never),
            ("x seed:status --colour never", Auto),
            ("x seed:status --color pink", Auto),
            ("x seed:new -- --color always", Auto),
            ("x --color", Auto),
        ] {
            let words: Vec<_> = line.split(' ').map(Into::into).collect();
            assert_eq!(choice(&words), found, "{line}");
        }
    }
}
