//! Processes, and how long they take.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Runs the rest of its arguments, gives up after `$0` seconds, and tells the processor time of all there was.
const SCRIPT: &str =
    "timeout --kill-after=5 \"$0\" \"$@\" >/dev/null; status=$?; times; exit $status";
const TIMED_OUT: i32 = 124;

/// What one process and all below it took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// On the clock.
    pub(crate) elapsed: Duration,
    /// On all processors together, which a busy machine changes less.
    pub(crate) processor: Duration,
}

/// How a build ended.
pub(crate) enum Ending {
    /// It succeeded; the text is what it said.
    Done(Cost, String),
    /// It took too long.
    Cut,
}

/// Runs a command, at most for this long. That it fails is an error.
pub(crate) fn run(command: &Command, limit: Duration) -> Outcome<Ending> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", SCRIPT, &limit.as_secs().to_string()])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let begin = Instant::now();
    let output = shell.output()?;
    let elapsed = begin.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(TIMED_OUT) {
        return Ok(Ending::Cut);
    }
    if !output.status.success() {
        return Err(format!("{command:?} failed: {said}").into());
    }
    let times = String::from_utf8(output.stdout)?;
    let processor = processor_time(&times).ok_or_else(|| format!("no times in {times:?}"))?;
    let cost = Cost { elapsed, processor };
    Ok(Ending::Done(cost, said))
}

/// The user's and the system's time of the children: the last line of what `times` prints.
fn processor_time(times: &str) -> Option<Duration> {
    let parts = times.lines().last()?.split_whitespace();
    let seconds = parts.map(|part| {
        let (minutes, seconds) = part.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    let sum: Option<f64> = seconds.sum();
    sum.map(Duration::from_secs_f64)
}

/// How long a command takes from start to end. That it fails is an error.
pub(crate) fn elapsed(command: &mut Command) -> Outcome<Duration> {
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let elapsed = begin.elapsed();
    if output.status.success() {
        return Ok(elapsed);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed: {said}").into())
}

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The medians of both sides of some costs.
pub(crate) fn median_cost(costs: &[Cost]) -> Cost {
    Cost {
        elapsed: median(costs.iter().map(|cost| cost.elapsed).collect()),
        processor: median(costs.iter().map(|cost| cost.processor).collect()),
    }
}
