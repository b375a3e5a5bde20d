//! The mail server was down: events are delivered again, with the app's ops binary.
//!
//! With `--features postgres`, `TEST_DATABASE_URL` names a server on which databases may be created.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "the app is not booted here")]
mod process;

use std::fs;
use std::process::Command;

use crate::process::TestDatabase;

#[test]
fn a_user_gets_one_mail_however_often_it_is_replayed() {
    let database = TestDatabase::create();
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox.txt");
    let ops = |line: &str| {
        let mut ops = Command::new(env!("CARGO_BIN_EXE_admin-roles-ops"));
        ops.args(line.split(' '))
            .env("DATABASE_URL", database.url())
            .env("OUTBOX", &outbox);
        let output = ops.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    ops("seed:apply --foreground");
    assert_eq!(
        ops("event:replay welcome-mail --dry-run"),
        "welcome-mail would get 1 event\n  user-created of user: 1\n"
    );
    assert!(!outbox.exists());
    for replay in ["event-replay/welcome-mail/1", "event-replay/welcome-mail/2"] {
        ops("event:replay welcome-mail");
        let shown = ops(&format!("seed:show {replay}"));
        assert!(shown.contains("items gone through: 1"), "{shown}");
        let sent = fs::read_to_string(&outbox).unwrap();
        let lines: Vec<&str> = sent.lines().collect();
        let [mail] = lines[..] else {
            panic!("{lines:?}")
        };
        assert!(mail.starts_with("welcome-mail/"), "{mail}");
        assert!(mail.ends_with(" admin@example.com Welcome!"), "{mail}");
    }
}
