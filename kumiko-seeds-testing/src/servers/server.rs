//! A server under a shell script, which stops it however this program ends.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Lines, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::account::Account;
use crate::failure::Failure;
use crate::guarded;

/// How many ports are tried before the search is given up.
const ATTEMPTS: u32 = 5;

/// What kind of server it is.
pub(crate) struct Kind {
    /// Its name, for people.
    pub(crate) name: &'static str,
    /// The script that runs it: `throwaway.sh` and what is special to this kind.
    pub(crate) script: &'static str,
}

/// A running server. It stops, and its files go, when this value is dropped or the program ends.
pub(crate) struct Server {
    name: &'static str,
    script: Child,
    /// Open for as long as the server shall run.
    pipe: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server on a free port of the loopback interface, for a user `postgres` of this password.
    /// `arguments` says what the script is told, given the port.
    pub(crate) fn start(
        kind: &Kind,
        password: &str,
        arguments: impl Fn(u16) -> Vec<OsString>,
    ) -> Result<Self, Failure> {
        let account = Account::for_server()?;
        let mut attempt = 1;
        loop {
            let port = free_port().map_err(|error| not_started(kind.name).caused_by(error))?;
            let mut server = Self::spawn(kind, &account, port, &arguments(port))?;
            match server.tell(password, "ready") {
                Ok(_) => return Ok(server),
                // Another process took the port after it was found free.
                Err(output) if output.contains("Address already in use") && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                Err(output) => return Err(not_started(kind.name).caused_by(output)),
            }
        }
    }

    /// Gives the script an order, waits for the answer that means that it is carried out, and gives what the
    /// script said before that.
    pub(crate) fn order(&mut self, order: &str, answer: &str) -> Result<String, Failure> {
        self.tell(order, answer).map_err(|output| {
            let name = self.name;
            Failure::new(format!("{name} did not do as it was told: {order}")).caused_by(output)
        })
    }

    fn spawn(
        kind: &Kind,
        account: &Account,
        port: u16,
        arguments: &[OsString],
    ) -> Result<Self, Failure> {
        let failed = || not_started(kind.name);
        let mut shell = guarded::script("throwaway-server", kind.script);
        account.apply(&mut shell);
        // Settings meant for the user's own servers and clients (PGDATA, PGPORT, LANG) stay out.
        shell.env_clear().env("LC_ALL", "C");
        for kept in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                shell.env(kept, value);
            }
        }
        // The account of the server may not be allowed into the current folder.
        shell
            .args(arguments)
            .current_dir("/")
            .stdout(Stdio::piped());
        let mut script = shell.spawn().map_err(|error| failed().caused_by(error))?;
        let pipe = script.stdin.take();
        let output = script.stdout.take().ok_or_else(failed)?;
        Ok(Self {
            name: kind.name,
            script,
            pipe,
            output: BufReader::new(output).lines(),
            port,
        })
    }

    /// Writes a line and reads up to the line `answer`; an error is what the script wrote without it.
    fn tell(&mut self, line: &str, answer: &str) -> Result<String, String> {
        if let Some(pipe) = &mut self.pipe {
            writeln!(pipe, "{line}").map_err(|error| error.to_string())?;
        }
        let mut output = Vec::new();
        for line in self.output.by_ref() {
            let line = line.map_err(|error| error.to_string())?;
            if line == answer {
                return Ok(output.join("\n"));
            }
            output.push(line);
        }
        Err(output.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The script stops the server and removes its files; there is no one left to tell if not.
        let _ = self.script.wait();
    }
}

fn not_started(name: &str) -> Failure {
    Failure::new(format!("{name} could not be started"))
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
