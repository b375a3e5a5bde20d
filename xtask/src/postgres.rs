//! A throwaway Postgres server.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdin, Stdio};

use crate::account::Account;
use crate::failure::Failure;
use crate::guarded;
use crate::install;
use crate::programs::Programs;

/// The variable through which tests find the server.
pub(crate) const URL_VARIABLE: &str = "KUMIKO_TEST_POSTGRES_URL";

/// How many ports are tried before the search is given up.
const ATTEMPTS: u32 = 5;

/// A running server. It stops, and its files go, when this value is dropped or the program ends.
pub(crate) struct Cluster {
    script: Child,
    /// Open for as long as the server shall run.
    pipe: Option<ChildStdin>,
    port: u16,
    password: String,
}

impl Cluster {
    /// Finds or installs Postgres and starts a new, empty server on a free port.
    pub(crate) fn start() -> Result<Self, Failure> {
        let programs = install::find_or_install()?;
        let account = Account::for_server()?;
        let version = programs
            .version()
            .unwrap_or_else(|| String::from("of unknown version"));
        let mut attempt = 1;
        loop {
            let port = free_port().map_err(|error| not_started().caused_by(error))?;
            eprintln!("starting PostgreSQL {version} on 127.0.0.1:{port} ...");
            match Self::start_on(port, &programs, &account)? {
                Start::Ready(cluster) => return Ok(cluster),
                // Another process took the port after it was found free.
                Start::Refused(output)
                    if output.contains("could not bind") && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                Start::Refused(output) => return Err(not_started().caused_by(output)),
            }
        }
    }

    /// Where tests connect to, as a superuser.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/postgres",
            self.password, self.port
        )
    }

    fn start_on(port: u16, programs: &Programs, account: &Account) -> Result<Start, Failure> {
        let failed = |error: io::Error| not_started().caused_by(error);
        let password = random_password().map_err(failed)?;
        let mut shell = guarded::script("throwaway-postgres", include_str!("postgres.sh"));
        account.apply(&mut shell);
        // Settings meant for the user's own servers and clients (PGDATA, PGPORT, LANG) stay out.
        shell.env_clear().env("LC_ALL", "C");
        for kept in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                shell.env(kept, value);
            }
        }
        shell
            .arg(programs.folder())
            .arg(settings(port))
            // The account of the server may not be allowed into the current folder.
            .current_dir("/")
            .stdout(Stdio::piped());

        let mut script = shell.spawn().map_err(failed)?;
        let (Some(mut pipe), Some(stdout)) = (script.stdin.take(), script.stdout.take()) else {
            return Err(not_started());
        };
        writeln!(pipe, "{password}").map_err(failed)?;
        let mut output = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(failed)?;
            if line == "ready" {
                return Ok(Start::Ready(Self {
                    script,
                    pipe: Some(pipe),
                    port,
                    password,
                }));
            }
            output.push(line);
        }
        script.wait().map_err(failed)?;
        Ok(Start::Refused(output.join("\n")))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The script stops the server and removes its files; there is no one left to tell if not.
        let _ = self.script.wait();
    }
}

/// How an attempt to start a server ended.
enum Start {
    /// It accepts connections.
    Ready(Cluster),
    /// It gave up, and this is what it wrote.
    Refused(String),
}

fn not_started() -> Failure {
    Failure::new("PostgreSQL could not be started")
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Random, so that a test of a wrong password meets a server that really asks for the right one.
fn random_password() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// What differs from Postgres's defaults.
fn settings(port: u16) -> String {
    format!(
        "\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 300
timezone = 'UTC'
log_timezone = 'UTC'
# The data need not survive a crash of the machine. Commits still wait for their write-ahead log, as
# they do in production.
fsync = off
full_page_writes = off
synchronous_commit = on"
    )
}
