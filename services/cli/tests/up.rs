//! `faultline up` and `faultline demo` as processes, on the bundled broker.
//!
//! The broker is a program of another package, so it is here only once that was built: where it is missing, the tests
//! that need it say so and pass.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const FAULTLINE: &str = env!("CARGO_BIN_EXE_faultline");
const PATIENCE: Duration = Duration::from_secs(30);

fn broker_is_built() -> bool {
    let broker = Path::new(FAULTLINE).with_file_name("faultline-broker");
    let is_built = broker.is_file();
    if !is_built {
        eprintln!("skipped: no {}; build it with 'cargo build -p faultline-broker'", broker.display());
    }
    is_built
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(FAULTLINE);
    command.arg("--data-dir").arg(data).args(["--set", "broker.listen=127.0.0.1:0", "--set", "admin.listen="]);
    command
}

/// A running `faultline up`, killed when dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Up {
    fn start(data: &Path) -> Self {
        Self::start_with(data, Stdio::null())
    }

    fn start_with(data: &Path, log: Stdio) -> Self {
        let mut child = command(data).arg("up").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "faultline is up\n");
        Self(child)
    }
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

fn broker_pid(data: &Path) -> Option<u32> {
    // Empty for the moment between locking and writing.
    std::fs::read_to_string(data.join("broker/broker.lock")).ok()?.parse().ok()
}

fn broker_address(data: &Path) -> String {
    std::fs::read_to_string(data.join("broker.address")).unwrap().trim().to_owned()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn refused(output: &Output, code: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let last =
        stderr.lines().rfind(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("no reason: {stderr}"));
    for word in words {
        assert!(last.contains(word), "no {word:?} in {last:?}");
    }
}

#[test]
fn two_on_one_data_folder_are_refused_and_the_first_goes_on() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut first = Up::start(data.path());
    let second = command(data.path()).arg("up").output().unwrap();
    refused(&second, 1, &["in use by another faultline", &first.0.id().to_string(), "--data-dir"]);
    assert!(first.0.try_wait().unwrap().is_none());
}

#[test]
fn a_taken_port_is_refused_and_says_which_setting_to_change() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(data.path()).args(["--set", &format!("broker.listen={address}"), "up"]).output().unwrap();
    refused(&output, 1, &["broker.listen", &address, "in use"]);
}

#[test]
fn wrong_configuration_is_refused_with_code_2() {
    let data = tempfile::tempdir().unwrap();
    for (wrong, words) in [
        ("brokr.listen=x", &["brokr", "broker"][..]),
        ("broker.listen=localhost", &["broker.listen", "127.0.0.1:9092"]),
        ("sink.retention_days=many", &["retention_days"]),
    ] {
        let output = command(data.path()).args(["--set", wrong, "up"]).output().unwrap();
        refused(&output, 2, words);
    }
}

#[test]
fn sigterm_ends_all_of_it_with_code_0() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut up = Up::start(data.path());
    let address = broker_address(data.path());
    signal(up.0.id(), Signal::TERM);
    wait_until("ended", || up.0.try_wait().unwrap().is_some());
    assert_eq!(up.0.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(&address).is_err(), "the broker has ended");
    assert!(!data.path().join("broker.address").exists());
}

#[test]
fn a_second_sigterm_ends_it_at_once_with_code_1_and_its_broker_too() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("up.log");
    let mut up = Up::start_with(data.path(), std::fs::File::create(&log).unwrap().into());
    let (address, broker) = (broker_address(data.path()), broker_pid(data.path()).unwrap());
    let said = |words: &str| std::fs::read_to_string(&log).unwrap().contains(words);
    // Roles wait for a frozen broker, so the first signal leaves the time for a second.
    signal(broker, Signal::STOP);
    signal(up.0.id(), Signal::TERM);
    wait_until("the first is told", || said("a second signal ends it at once"));
    assert!(up.0.try_wait().unwrap().is_none(), "{}", std::fs::read_to_string(&log).unwrap());
    signal(up.0.id(), Signal::TERM);
    wait_until("ended", || up.0.try_wait().unwrap().is_some());
    assert_eq!(up.0.wait().unwrap().code(), Some(1));
    assert!(said("ended at once: what was in hand is not finished"));
    signal(broker, Signal::CONT);
    wait_until("no broker", || TcpStream::connect(&address).is_err());
    // Whatever was left half done, the folder can be used again.
    drop(up);
    Up::start(data.path());
}

#[test]
fn a_taken_admin_port_is_refused_and_says_which_setting_to_change() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(data.path()).args(["--set", &format!("admin.listen={address}"), "up"]).output().unwrap();
    refused(&output, 1, &["admin.listen", &address, "in use"]);
}

#[test]
fn a_killed_broker_is_started_again_where_it_was() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut up = Up::start(data.path());
    let (address, first) = (broker_address(data.path()), broker_pid(data.path()).unwrap());
    signal(first, Signal::KILL);
    wait_until("another broker", || {
        broker_pid(data.path()).is_some_and(|pid| pid != first) && TcpStream::connect(&address).is_ok()
    });
    assert!(up.0.try_wait().unwrap().is_none());
}

#[test]
fn the_broker_ends_when_up_is_killed_and_the_folder_can_be_used_again() {
    if !broker_is_built() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let up = Up::start(data.path());
    let address = broker_address(data.path());
    signal(up.0.id(), Signal::KILL);
    wait_until("no broker", || TcpStream::connect(&address).is_err());
    drop(up);
    Up::start(data.path());
}

#[test]
fn the_demo_shows_articles_their_reasons_and_what_was_refused() {
    if !broker_is_built() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(FAULTLINE).args(["demo", "--keep"]).arg(folder.path()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for expected in [
        "Serbs put up barricades after arrest of",
        "2022-12-10",
        "↑",
        "“",
        "Tension week by week",
        "2022-07-31 – 2022-08-03  ▅ Kosovo and Serbia: Serbs block roads",
        "▆ Barricades in northern Kosovo",
        "Kosovo and Serbia: it eases: Relief in Mitrovica",
        "nearly repeats",
        "was corrected",
        "2 inputs went to the dead letters",
        "not_json",
        "faultline --data-dir",
        "The feed is of balkan-wire.example, served here on 127.0.0.1:",
        "10 on its pages",
    ] {
        assert!(stdout.contains(expected), "no {expected:?} in\n{stdout}\n{stderr}");
    }
    assert!(!stdout.contains('\u{1b}'), "colours in a pipe");
    assert_eq!(stdout.matches("was corrected: 2 revisions").count(), 1, "{stdout}");
    let search = ["search", "source:balkan-wire.example", "--json"];
    let found = Command::new(FAULTLINE).arg("--data-dir").arg(folder.path()).args(search).output().unwrap();
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found["found"], 20, "{found}");
}
