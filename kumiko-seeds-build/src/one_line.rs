/// A text with everything escaped that starts a line, steers a terminal, or makes text look different from what it
/// is: control characters, those that turn the direction of writing, and spaces without a width.
///
/// The two joiners of zero width stay. Some languages and emoji are written with them.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().fold(String::new(), |mut line, character| {
        if is_deceptive(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        line
    })
}

fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn what_deceives_is_escaped_and_what_is_written_stays() {
        assert_eq!(
            on_one_line("a\r\nb\u{1b}[2J\u{9b}m\u{202e}c\u{2066}\u{200b}\u{2028}"),
            "a\\r\\nb\\u{1b}[2J\\u{9b}m\\u{202e}c\\u{2066}\\u{200b}\\u{2028}"
        );
        let written = "Größe 修正 👩\u{200d}💻 می\u{200c}خواهم \\ \"'";
        assert_eq!(on_one_line(written), written);
    }
}
