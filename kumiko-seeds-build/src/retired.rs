//! The list of retired seeds: what is left of them in the folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::problem::Problem;
use crate::seed_file::SeedFile;
use crate::validate_id;

/// The name of the list in a folder of seeds.
pub const RETIRED_LIST: &str = "retired.txt";

const HEAD: &str = "\
# Seeds whose files are gone. Each line has a seed's id, the hashes of its code and of its text, the last release that
# had it, `only:` and its environments if it was for some alone, and what it does. `cargo kumiko-ops seed:retire` writes
# this file; a database that has one of them not applied is refused.
";

/// What begins the word that says the environments of a seed that is for some alone.
const ONLY: &str = "only:";

const SHAPE: &str = "write `<id> tokens:<16 digits> <16 digits> <release> <description>`";

/// The text of the list `present` with more `seeds`, which `release` had last. Lines are in the order of the ids, so that two
/// branches that retire different seeds merge.
#[must_use]
pub fn with_retired<'a>(
    present: &str,
    seeds: impl IntoIterator<Item = &'a SeedFile>,
    release: &str,
) -> String {
    let is_remark = |line: &&str| line.is_empty() || line.starts_with('#');
    let (remarks, lines): (Vec<&str>, Vec<&str>) = present.lines().partition(is_remark);
    let head = if present.is_empty() {
        HEAD.lines().collect()
    } else {
        remarks
    };
    let new = seeds.into_iter().map(|seed| {
        let description = seed.description.split_whitespace().collect::<Vec<_>>();
        let SeedFile {
            id,
            source_hash,
            text_hash,
            environments,
            ..
        } = seed;
        let only = if environments.is_empty() {
            String::new()
        } else {
            format!("{ONLY}{} ", environments.join(","))
        };
        format!(
            "{id} {source_hash} {text_hash} {release} {only}{}",
            description.join(" ")
        )
    });
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).chain(new).collect();
    lines.sort();
    let head = head.into_iter().map(str::to_owned);
    head.chain(lines).map(|line| line + "\n").collect()
}

/// Reads the list of a folder; an absent one is empty. `ids` are those of the files.
pub(crate) fn read_retired(
    folder: &Path,
    shown: &Path,
    ids: &[String],
) -> Result<Vec<SeedFile>, Vec<Problem>> {
    let path = folder.join(RETIRED_LIST);
    let shown = shown.join(RETIRED_LIST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(Vec::new());
        }
        Err(error) => {
            let message = format!("the file cannot be read: {error}");
            return Err(vec![Problem::new(shown, message)]);
        }
    };
    let mut seeds: BTreeMap<String, (usize, SeedFile)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let seed = retired(line, &path).and_then(|seed| match seeds.get(&seed.id) {
            _ if ids.contains(&seed.id) => Err(format!(
                "{0} is retired, and {0}.rs is in the folder; give the file another name, or take this line away",
                seed.id
            )),
            Some((first, _)) => Err(format!(
                "{} stands in line {first} already; take one of the two lines away",
                seed.id
            )),
            None => Ok(seed),
        });
        match seed {
            Ok(seed) => drop(seeds.insert(seed.id.clone(), (number, seed))),
            Err(message) => problems.push(Problem::at_line(&shown, number, message)),
        }
    }
    if problems.is_empty() {
        Ok(seeds.into_values().map(|(_, seed)| seed).collect())
    } else {
        Err(problems)
    }
}

fn retired(line: &str, path: &Path) -> Result<SeedFile, String> {
    let mut words = line.splitn(5, ' ');
    let mut word = || words.next().filter(|word| !word.is_empty());
    let (Some(id), Some(source_hash), Some(text_hash), Some(release)) =
        (word(), word(), word(), word())
    else {
        return Err(format!("it is no line of a retired seed; {SHAPE}"));
    };
    validate_id(id).map_err(|rule| format!("{id:?} is no id: {rule}; {SHAPE}"))?;
    let is_hash = |hash: &str| {
        hash.len() == 16
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !(source_hash.strip_prefix("tokens:").is_some_and(is_hash) && is_hash(text_hash)) {
        return Err(format!("the hashes of {id} are no such; {SHAPE}"));
    }
    let rest = word().unwrap_or_default();
    let (environments, description) = match rest.strip_prefix(ONLY) {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("", rest),
    };
    let environments = environments.split(',').filter(|name| !name.is_empty());
    Ok(SeedFile {
        description: description.trim_end().to_owned(),
        environments: environments.map(str::to_owned).collect(),
        source_hash: source_hash.to_owned(),
        text_hash: text_hash.to_owned(),
        retired: Some(release.to_owned()),
        ..SeedFile::bare(id, path.to_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::scan;

    const GOOD: &str =
        "pub const DESCRIPTION: &str = \"What\\n  it does\";\npub async fn run(c: C) -> R {}\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let in_some =
            GOOD.to_owned() + "pub const ENVIRONMENTS: &[&str] = &[\"demo\", \"staging\"];\n";
        let files = [
            ("2026-05-20-a.rs", GOOD),
            ("2026-05-22-c.rs", &in_some),
            ("2026-05-21-b.rs", GOOD),
        ];
        let folder = folder(&files);
        let seeds = scan(folder.path()).unwrap();
        let list = with_retired("", [&seeds[2]], "0.9.0");
        let list = with_retired(&list, [&seeds[0]], "1.0.0");
        fs::write(folder.path().join(RETIRED_LIST), list.replace('\n', "\r\n")).unwrap();
        for id in ["2026-05-20-a", "2026-05-22-c"] {
            fs::remove_file(folder.path().join(format!("{id}.rs"))).unwrap();
        }
        let after = scan(folder.path()).unwrap();
        let ids: Vec<_> = after
            .iter()
            .map(|seed| (seed.id.as_str(), seed.retired.as_deref()))
            .collect();
        assert_eq!(
            ids,
            [
                ("2026-05-20-a", Some("1.0.0")),
                ("2026-05-21-b", None),
                ("2026-05-22-c", Some("0.9.0"))
            ]
        );
        assert_eq!(after[0].source_hash, seeds[0].source_hash);
        assert_eq!(after[0].text_hash, seeds[0].text_hash);
        assert_eq!(after[0].description, "What it does");
        assert_eq!(after[1], seeds[1]);
        assert_eq!(after[0].environments, [""; 0]);
        assert_eq!(after[2].environments, ["demo", "staging"]);
        assert_eq!(after[2].description, "What it does");
        assert!(list.starts_with(HEAD));
    }

    #[test]
    fn every_wrong_line_is_named() {
        let line = |id: &str| format!("{id} tokens:0123456789abcdef 0123456789abcdef 1.0.0 Text");
        let list = [
            "# A remark.",
            "",
            &line("2026-05-20-a"),
            "<<<<<<< ours",
            &line("2026-05-20-a"),
            &line("2026-05-32-a"),
            &line("2026-05-21-b"),
            "2026-05-22-c tokens:0123 0123456789abcdef 1.0.0 Text",
            "2026-05-22-c tokens:0123456789abcdef 0123456789abcdef",
        ]
        .join("\n");
        let folder = folder(&[("2026-05-21-b.rs", GOOD), (RETIRED_LIST, &list)]);
        let problems: Vec<_> = scan(folder.path())
            .unwrap_err()
            .problems()
            .iter()
            .map(|problem| {
                problem
                    .to_string()
                    .rsplit_once("retired.txt:")
                    .unwrap()
                    .1
                    .to_owned()
            })
            .collect();
        assert_eq!(
            problems,
            [
                format!("4: it is no line of a retired seed; {SHAPE}"),
                "5: 2026-05-20-a stands in line 3 already; take one of the two lines away".to_owned(),
                format!("6: \"2026-05-32-a\" is no id: there is no date 2026-05-32; {SHAPE}"),
                "7: 2026-05-21-b is retired, and 2026-05-21-b.rs is in the folder; give the file another name, or \
                 take this line away"
                    .to_owned(),
                format!("8: the hashes of 2026-05-22-c are no such; {SHAPE}"),
                format!("9: it is no line of a retired seed; {SHAPE}"),
            ]
        );
    }
}
