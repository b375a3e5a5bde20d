//! The name of a test's database: two tests never have the same, and one test has names that begin alike.

use std::collections::hash_map::{DefaultHasher, RandomState};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, thread};

/// The most characters of a test's name that a person needs to know it again; PostgreSQL keeps 63 of a whole name.
const TEST_LIMIT: usize = 24;

/// The name of a database, by which also the databases are known that the same test has left before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseName {
    test: String,
    run: String,
    number: u32,
}

impl DatabaseName {
    /// A name for the test that runs in this thread.
    pub(crate) fn of_this_test() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static RUN: OnceLock<String> = OnceLock::new();
        let thread = thread::current();
        // With one thread for all tests, Cargo's harness runs them in `main`.
        let test = thread.name().unwrap_or("main");
        Self {
            test: beginning(&program(), test),
            run: RUN.get_or_init(random).clone(),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The name: letters `a-z`, digits and `_`.
    pub(crate) fn name(&self) -> String {
        let Self { test, run, number } = self;
        format!("{test}{run}_{number}")
    }

    /// Whether a database of this name was left by an earlier run of the same test.
    pub(crate) fn is_left_over(&self, name: &str) -> bool {
        let is_of_a_name = |byte: u8| byte.is_ascii_hexdigit() || byte == b'_';
        let rest = name.strip_prefix(&self.test);
        rest.is_some_and(|rest| rest.bytes().all(is_of_a_name) && !rest.starts_with(&self.run))
    }
}

fn beginning(program: &str, test: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (program, test).hash(&mut hasher);
    // The end of a hash is as good as all of it here.
    let hash = hasher.finish() & 0xffff_ffff;
    let last = test.rsplit("::").next().unwrap_or(test);
    let letters = last.chars().map(|letter| match letter {
        'a'..='z' | '0'..='9' => letter,
        'A'..='Z' => letter.to_ascii_lowercase(),
        _ => '_',
    });
    let letters: String = letters.take(TEST_LIMIT).collect();
    format!("kumiko_{letters}_{hash:08x}_")
}

/// The path of the test's program without the hash that Cargo puts at its end.
fn program() -> String {
    let path = env::current_exe().unwrap_or_default();
    let path = path.to_string_lossy().into_owned();
    match path.rsplit_once('-') {
        Some((name, hash)) if hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name.to_owned(),
        _ => path,
    }
}

/// What tells this run of the program from all others, also on other machines, which may use the same server.
fn random() -> String {
    let random = RandomState::new().build_hasher().finish() & 0xffff_ffff;
    format!("{random:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_own_and_that_of_its_test() {
        let [one, two] = [(), ()].map(|()| DatabaseName::of_this_test());
        assert_ne!(one.name(), two.name());
        assert!(!one.is_left_over(&two.name()), "of the same run");
        let earlier = DatabaseName {
            run: "0".to_owned(),
            ..two.clone()
        };
        assert!(one.is_left_over(&earlier.name()));
        assert!(!one.is_left_over(&format!("{} or not", earlier.name())));
        let of_another_test = DatabaseName {
            test: beginning("app", "it_does"),
            ..earlier
        };
        assert!(!one.is_left_over(&of_another_test.name()));
    }

    #[test]
    fn a_name_is_one_for_every_database() {
        let test = beginning("app", "tests::it_räumt_Everything_up_after_itself");
        assert!(
            test.starts_with("kumiko_it_r_umt_everything_up_a_"),
            "{test}"
        );
        let name = DatabaseName {
            test,
            run: random(),
            number: u32::MAX,
        };
        assert!(name.name().len() < 64, "{}", name.name());
    }
}
