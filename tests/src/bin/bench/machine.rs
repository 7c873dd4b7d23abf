//! The machine under the figures, its cores, and what processes take of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context as _;
use faultline_tests::{faultline::binary, process::Process};
use serde_json::{Value, json};

/// The core of whatever is measured.
const SUBJECT: &str = "0";
/// The core of the broker that feeds it.
const BROKER: &str = "1";
/// Clock ticks a second in `/proc`, the same on every Linux that Rust supports.
const TICKS: f64 = 100.0;

/// Cores, processor, memory, load and date.
pub(crate) fn facts() -> anyhow::Result<Value> {
    let info = fs::read_to_string("/proc/cpuinfo").context("the bench needs Linux")?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let memory = kilobytes("/proc/meminfo".as_ref(), "MemTotal:")? / 1_048_576.0;
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(json!({
        "cores": cores(),
        "cpu": model.unwrap_or("unknown"),
        "memory_gib": (memory * 10.0).round() / 10.0,
        "load_at_start": load.split(' ').next().and_then(|load| load.parse::<f64>().ok()),
        "date": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }))
}

/// The facts in one line, with a warning where somebody else uses the machine.
pub(crate) fn sentence(facts: &Value) -> String {
    let load = facts["load_at_start"].as_f64().unwrap_or(0.0);
    let warning = if load > 0.5 {
        format!("; LOAD {load} AT START: others use this machine, so figures are low")
    } else {
        String::new()
    };
    format!("{} cores of {}, {} GiB{warning}", facts["cores"], facts["cpu"], facts["memory_gib"])
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `faultline` on the subject's core alone.
pub(crate) fn pinned_faultline() -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SUBJECT]).arg(binary("faultline"));
    command
}

/// Puts all threads of a broker on its own core; `undo` gives it all cores back. Does nothing with one core, or where
/// the broker runs elsewhere.
pub(crate) fn pin_broker(process: Option<u32>, undo: bool) -> anyhow::Result<()> {
    let Some(process) = process.filter(|_| cores() > 1) else { return Ok(()) };
    let all = format!("0-{}", cores() - 1);
    let target = if undo { &all } else { BROKER };
    let pinned = Command::new("taskset")
        .args(["-a", "-c", "-p", target, &process.to_string()])
        .output()
        .context("taskset of util-linux is needed")?;
    anyhow::ensure!(pinned.status.success(), "taskset failed: {}", String::from_utf8_lossy(&pinned.stderr));
    Ok(())
}

/// Time on the processor that this thread has had.
pub(crate) fn thread_cpu_time() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = stat.split(' ').next().context("schedstat is empty")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// Time on the processor that a process and its threads have had, in seconds.
pub(crate) fn process_cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let [user, system, ..] = cpu_seconds(process)?;
    Ok(user + system)
}

/// As [`process_cpu_seconds`], with the processes that it has started and that run or have been waited for.
pub(crate) fn family_cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let own: f64 = cpu_seconds(process)?.iter().sum();
    // A child that has ended meanwhile has had little.
    let children = children(process)?.into_iter().filter_map(|child| process_cpu_seconds(child).ok());
    Ok(own + children.sum::<f64>())
}

/// Seconds on the processor: user, system, and both again for children that have ended.
fn cpu_seconds(process: u32) -> anyhow::Result<[f64; 4]> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name may hold anything, so fields are counted from its closing bracket: state is the first.
    let fields: Vec<&str> = stat.rsplit_once(") ").context("unknown form of /proc stat")?.1.split(' ').collect();
    let seconds =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).map(|ticks| ticks / TICKS);
    let all: Option<Vec<f64>> = (11..15).map(seconds).collect();
    all.and_then(|all| all.try_into().ok()).context("short stat")
}

/// Resident memory of a process in MB (10^6 bytes).
pub(crate) fn resident_mb(process: u32) -> anyhow::Result<f64> {
    Ok(kilobytes(&PathBuf::from(format!("/proc/{process}/status")), "VmRSS:")? * 1_024.0 / 1e6)
}

/// Sockets that a process has open.
pub(crate) fn sockets(process: u32) -> anyhow::Result<f64> {
    let mut open = 0.0;
    for file in fs::read_dir(format!("/proc/{process}/fd"))? {
        // It may have been closed meanwhile.
        let target = fs::read_link(file?.path()).unwrap_or_default();
        open += f64::from(u8::from(target.to_string_lossy().starts_with("socket:")));
    }
    Ok(open)
}

fn kilobytes(file: &Path, key: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .with_context(|| format!("no {key} in {}", file.display()))?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Processes that a process has started and that still run.
pub(crate) fn children(process: u32) -> anyhow::Result<Vec<u32>> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let list = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        children.extend(list.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
    }
    Ok(children)
}

/// An error that shows the end of a process's log when it has ended too early.
pub(crate) fn ensure_running(process: &mut Process, log: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(process.is_running(), "it ended by itself: {}", faultline_tests::process::tail(log));
    Ok(())
}
