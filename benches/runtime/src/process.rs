//! Processes of this program, for what has to be one.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::Result;
use crate::subjects::Subject;

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a process tells of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) seconds: f64,
    /// The most memory it ever had.
    pub(crate) kilobytes: u64,
    /// The seconds until a part of the work was done that is told apart; all of them if there is none.
    pub(crate) part: f64,
}

/// Says how long the work took, and how much memory.
pub(crate) fn print(took: Duration) -> Result {
    print_with_part(took, took)
}

/// The same, and how long a part of it took.
pub(crate) fn print_with_part(took: Duration, part: Duration) -> Result {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.split_whitespace().next());
    let peak = peak.ok_or("no VmHWM")?;
    println!("{} {peak} {}", took.as_secs_f64(), part.as_secs_f64());
    Ok(())
}

/// Writes `count` events in a process of its own.
pub(crate) async fn bulk(method: &str, count: u64, url: &str) -> Result<Told> {
    told_by(&["bulk", method, &count.to_string(), url]).await
}

/// The same, in one of the ways of long work.
pub(crate) async fn steps(way: &str, count: u64, url: &str) -> Result<Told> {
    told_by(&["steps", way, &count.to_string(), url]).await
}

/// Computes rows from events in a process of its own.
pub(crate) async fn rebuild(way: &str, url: &str) -> Result<Told> {
    told_by(&["rebuild", way, url]).await
}

/// Long work that somebody ends.
pub(crate) fn steps_for_long(way: &str, url: &str) -> Result<Child> {
    let mut process = program(&["steps", way, "100000000", url])?;
    Ok(process.stdout(Stdio::null()).spawn()?)
}

async fn told_by(arguments: &[&str]) -> Result<Told> {
    let process = program(arguments)?.stdout(Stdio::piped()).spawn()?;
    let output = timeout(PATIENCE, process.wait_with_output()).await??;
    let output = String::from_utf8(output.stdout)?;
    let told: Vec<&str> = output.split_whitespace().collect();
    let [seconds, kilobytes, part] = told[..] else {
        return Err("a process failed".into());
    };
    Ok(Told {
        seconds: seconds.parse()?,
        kilobytes: kilobytes.parse()?,
        part: part.parse()?,
    })
}

/// Starts so many processes at once that each apply what is pending, waits for all, and gives the number
/// of those that failed.
pub(crate) async fn boot(
    subject: Subject,
    processes: usize,
    count: u64,
    url: &str,
) -> Result<usize> {
    let start = |_| -> Result<Child> {
        let mut process = program(&["boot", subject.name(), &count.to_string(), url])?;
        Ok(process.stderr(Stdio::null()).spawn()?)
    };
    let running = (0..processes).map(start).collect::<Result<Vec<_>>>()?;
    let mut failed = 0;
    for mut process in running {
        let status = timeout(PATIENCE, process.wait()).await??;
        failed += usize::from(!status.success());
    }
    Ok(failed)
}

fn program(arguments: &[&str]) -> Result<Command> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(arguments).kill_on_drop(true);
    Ok(program)
}
