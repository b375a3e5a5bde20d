use super::*;

const KNOWN: [&str; 3] = ["production", "staging", "demo"];

fn read_where_known(source: &str) -> Result<SeedSource, Vec<Finding>> {
    let known = KNOWN.map(str::to_owned);
    let folder = Folder {
        id: ID,
        ids: &[],
        known_environments: &known,
    };
    read_source(source, folder)
}

#[test]
fn environments_are_read() {
    let source = format!("{GOOD}pub const ENVIRONMENTS: &[&str] = &[\"staging\", \"demo\"];");
    for read in [read(&source), read_where_known(&source)] {
        let names = ["staging", "demo"].map(str::to_owned).to_vec();
        assert_eq!(read.unwrap().environments, Some(names));
    }
    // Where nothing says which there are, any name will do.
    let other = format!("{GOOD}pub const ENVIRONMENTS: &[&str] = &[\"qa-2\"];");
    assert!(read(&other).is_ok());
    assert_eq!(read(GOOD).unwrap().environments, None);
}

#[test]
fn environments_are_a_list_of_names_that_there_are() {
    for (list, message) in [
        (
            "[\n]",
            "`ENVIRONMENTS` names none, so the seed would run nowhere; name one, or take the constant away, and it runs \
             everywhere",
        ),
        (
            "[\"demo\", \"demo\"]",
            "`ENVIRONMENTS` names \"demo\" twice; take one away",
        ),
        (
            "[\"Staging\"]",
            "`ENVIRONMENTS` names \"Staging\", but the name of an environment is made of a-z, 0-9 and -; correct it",
        ),
        (
            "[\"stagign\"]",
            "`ENVIRONMENTS` names \"stagign\", which Cargo.toml does not have among its `environments`; did you mean \
             \"staging\"? If not, add it there",
        ),
        (
            "[\"qa\"]",
            "`ENVIRONMENTS` names \"qa\", which Cargo.toml does not have among its `environments`; write one of \
             production, staging, demo, or add it there",
        ),
        (
            "ALL",
            "`ENVIRONMENTS` is not a list of string literals, and it is read without compiling; write `pub const \
             ENVIRONMENTS: &[&str] = &[\"staging\"];`",
        ),
    ] {
        let source = format!("{GOOD}pub const ENVIRONMENTS: &[&str] = &{list};");
        let findings = read_where_known(&source).err().unwrap();
        assert_eq!(findings, [(Some(3), message.to_owned())]);
    }
}
