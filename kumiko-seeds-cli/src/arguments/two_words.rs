//! `seed status` for `seed:status`. Pure.

use std::ffi::{OsStr, OsString};

/// The arguments with the name of the command in one word, if it was given as two.
///
/// `names` are those of all commands. An unknown word is joined, too, so that clap suggests names of the same form.
pub(crate) fn in_one_word(arguments: Vec<OsString>, names: &[&str]) -> Vec<OsString> {
    let Some(first) = position_of_command(&arguments) else {
        return arguments;
    };
    let [area, verb] =
        [first, first + 1].map(|at| arguments.get(at).and_then(|word| word.to_str()));
    let (Some(area), Some(verb)) = (area, verb) else {
        return arguments;
    };
    let is_area = |name: &&str| name.split_once(':').is_some_and(|(start, _)| start == area);
    if verb.starts_with('-') || !names.iter().any(is_area) {
        return arguments;
    }
    let command = OsString::from(format!("{area}:{verb}"));
    let (before, after) = (&arguments[..first], &arguments[first + 2..]);
    before
        .iter()
        .chain([&command])
        .chain(after)
        .cloned()
        .collect()
}

/// The first word after the program's name that is no option.
fn position_of_command(arguments: &[OsString]) -> Option<usize> {
    let is_option = |argument: &OsStr| argument.as_encoded_bytes().starts_with(b"-");
    (1..arguments.len()).find(|&at| {
        // The one option with a value that may stand before a command.
        let is_value = at > 1 && arguments[at - 1] == "--color";
        !is_option(&arguments[at]) && !is_value
    })
}

#[cfg(test)]
mod tests {
    use super::in_one_word;

    #[test]
    fn only_the_name_of_a_command_is_joined() {
        let names = ["seed:status", "seed:new", "completions"];
        for (line, joined) in [
            ("x seed status --check", "x seed:status --check"),
            ("x seed new seed status", "x seed:new seed status"),
            ("x seed:new seed status", "x seed:new seed status"),
            (
                "x --color always seed status",
                "x --color always seed:status",
            ),
            (
                "x --color=always seed status",
                "x --color=always seed:status",
            ),
            ("x seed statsu", "x seed:statsu"),
            ("x seed --help", "x seed --help"),
            ("x seed", "x seed"),
            ("x completions bash", "x completions bash"),
            ("x", "x"),
            ("", ""),
        ] {
            let words = line.split(' ').map(Into::into).collect();
            assert_eq!(in_one_word(words, &names).join(" ".as_ref()), joined);
        }
        assert!(in_one_word(Vec::new(), &names).is_empty());
    }
}
