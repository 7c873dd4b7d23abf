//! The broker as its users meet it: a process with arguments, output and an exit code.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BROKER: &str = env!("CARGO_BIN_EXE_faultline-broker");

/// A running broker, killed when dropped.
struct Running {
    process: Child,
    address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn command(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(BROKER);
    command.arg("--data").arg(data).args(["--listen", listen]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(data: &Path) -> Running {
    let mut process = command(data, "127.0.0.1:0").spawn().unwrap();
    let address = read_address(process.stdout.take().unwrap());
    Running { process, address }
}

fn read_address(stdout: impl std::io::Read) -> SocketAddr {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix(r#"{"listening":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
    address.unwrap_or_else(|| panic!("not a ready line: {line:?}")).parse().unwrap()
}

fn refused(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(last.contains(word), "no {word:?} in {last:?}");
    }
}

/// Sends an ApiVersions request (key 18, version 0) and returns the answer's correlation id and error code.
fn ask_versions(address: SocketAddr) -> (i32, i16) {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let client = b"test";
    let mut request = vec![0, 18, 0, 0, 0, 0, 0, 7, 0, u8::try_from(client.len()).unwrap()];
    request.extend(client);
    connection.write_all(&u32::try_from(request.len()).unwrap().to_be_bytes()).unwrap();
    connection.write_all(&request).unwrap();
    let mut answer = [0; 10];
    connection.read_exact(&mut answer).unwrap();
    (i32::from_be_bytes(answer[4..8].try_into().unwrap()), i16::from_be_bytes(answer[8..10].try_into().unwrap()))
}

#[test]
fn it_answers_once_it_has_said_that_it_listens() {
    let data = tempfile::tempdir().unwrap();
    let broker = start(&data.path().join("not/there/yet"));
    assert_eq!(ask_versions(broker.address), (7, 0));
}

#[test]
fn a_taken_port_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&command(data.path(), &address).output().unwrap(), &[&address, "in use", "choose another port"]);
}

#[test]
fn an_address_that_clients_cannot_reach_is_refused() {
    let data = tempfile::tempdir().unwrap();
    refused(&command(data.path(), "0.0.0.0:0").output().unwrap(), &["0.0.0.0", "127.0.0.1:9092"]);
}

#[test]
fn a_folder_in_use_by_another_broker_is_refused_and_names_it() {
    let data = tempfile::tempdir().unwrap();
    let first = start(data.path());
    let second = command(data.path(), "127.0.0.1:0").output().unwrap();
    refused(&second, &["in use by another broker", &first.process.id().to_string()]);
    assert_eq!(ask_versions(first.address), (7, 0), "the first one goes on");
}

#[test]
fn data_of_another_version_is_refused_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    for (version, quoted) in [(Some("faultline-broker-data/999\n"), "faultline-broker-data/999"), (None, "\"\"")] {
        let folder = data.path().join(version.map_or("none", |_| "later"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("broker.db"), "theirs").unwrap();
        if let Some(version) = version {
            std::fs::write(folder.join("VERSION"), version).unwrap();
        }
        refused(&command(&folder, "127.0.0.1:0").output().unwrap(), &["another version", quoted]);
        assert_eq!(std::fs::read_to_string(folder.join("broker.db")).unwrap(), "theirs");
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        refused(&command(&path, "127.0.0.1:0").output().unwrap(), &["data folder", "a file is in the way"]);
    }
}

#[test]
fn no_room_to_write_is_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for a full disk, with the signal that comes with it ignored.
    let limited = r#"trap "" XFSZ; ulimit -f 64; exec "$0" --listen 127.0.0.1:0 --data "$1""#;
    let output = Command::new("sh").args(["-c", limited, BROKER]).arg(data.path()).output().unwrap();
    refused(&output, &["the disk is full", "make room"]);
    assert!(!data.path().join("room.probe").exists(), "what was tried is taken away again");
}

#[test]
fn it_ends_when_its_parent_is_killed_and_lets_the_folder_go() {
    let data = tempfile::tempdir().unwrap();
    let script = r#""$0" --listen 127.0.0.1:0 --data "$1" --parent-pid $$ & wait"#;
    let mut parent =
        Command::new("sh").args(["-c", script, BROKER]).arg(data.path()).stdout(Stdio::piped()).spawn().unwrap();
    let address = read_address(parent.stdout.take().unwrap());
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "still there 5 s after its parent was killed");
        std::thread::sleep(Duration::from_millis(20));
    }
    start(data.path());
}

#[test]
fn it_starts_again_after_being_killed() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut broker = start(data.path());
        assert_eq!(ask_versions(broker.address), (7, 0));
        broker.process.kill().unwrap();
        broker.process.wait().unwrap();
    }
}
