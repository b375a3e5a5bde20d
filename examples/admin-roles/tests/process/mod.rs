//! The app as a process of its own, on an empty database of its own, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

pub(crate) use self::database::TestDatabase;

#[cfg(feature = "postgres")]
#[path = "postgres.rs"]
mod database;
#[cfg(not(feature = "postgres"))]
#[path = "sqlite.rs"]
mod database;

/// A running app. It ends with the test.
pub(crate) struct App {
    child: Child,
    /// `127.0.0.1:43125`
    pub(crate) address: String,
    /// What it printed before it listened.
    pub(crate) applied: Vec<String>,
    /// Whoever writes into a pipe that nobody reads is ended.
    stdout: BufReader<ChildStdout>,
}

impl App {
    /// Boots on a free port.
    pub(crate) fn boot(database: &TestDatabase) -> Self {
        let mut child = command(database, "0").spawn().unwrap();
        let mut app = Self {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            address: String::new(),
            applied: Vec::new(),
        };
        while let Some(line) = app.line() {
            if let Some(address) = line.strip_prefix("listening on http://") {
                address.clone_into(&mut app.address);
                return app;
            }
            app.applied.push(line);
        }
        let mut error = String::new();
        let stderr = app.child.stderr.take();
        stderr.unwrap().read_to_string(&mut error).unwrap();
        panic!("it does not listen: {:?}\n{error}", app.applied);
    }

    /// The next line that it prints; none once it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.stdout.read_line(&mut line).unwrap();
        (length > 0).then(|| line.trim_end().to_owned())
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers, "")
    }

    pub(crate) fn put(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.request("PUT", path, headers, body)
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let own = [
            ("host", &*self.address),
            ("connection", "close"),
            ("content-type", "application/json"),
            ("content-length", &body.len().to_string()),
        ];
        for (name, value) in own.iter().chain(headers) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        Answer {
            status: status.parse().unwrap(),
            body: body.to_owned(),
        }
    }

    /// Sends a signal, and waits until the app has ended.
    pub(crate) fn stop(mut self, signal: &str) -> Output {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it goes on");
            thread::sleep(Duration::from_millis(10));
        };
        let mut stderr = Vec::new();
        let pipe = self.child.stderr.as_mut();
        pipe.unwrap().read_to_end(&mut stderr).unwrap();
        Output {
            status,
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // A failure means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The app, to be started.
pub(crate) fn command(database: &TestDatabase, port: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admin-roles"));
    command
        .env("DATABASE_URL", database.url())
        .env("PORT", port)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What the app answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body of an answer with status 200.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Waits for something that needs a runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    });
    RUNTIME.block_on(future)
}
