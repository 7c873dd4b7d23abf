//! The files of `deploy/`, read by the programs that they are for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use faultline_platform::{metrics::RoleMetrics, settings::Common};
use faultline_tests::faultline::binary;
use prometheus::Registry;

/// What faultline takes to stop beyond `consume.shutdown_deadline_ms`: a margin for the roles, then the broker.
const STOP_MARGIN_MS: u64 = 5_000 + 3_000;
const ROLES: [&str; 4] = ["producer", "enricher", "sink", "alerter"];

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

fn read(name: &str) -> String {
    let path = deploy(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Values of a directive in a unit.
fn values<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.split_once('=')).filter(|(key, _)| *key == directive).map(|(_, v)| v).collect()
}

/// What a drop-in adds to the environment of `role`.
fn environment(role: &str) -> (String, String) {
    let unit = read(&format!("systemd/faultline@{role}.service.d/admin.conf"));
    let (name, value) = values(&unit, "Environment")[0].split_once('=').unwrap();
    (name.to_owned(), value.to_owned())
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{program} is needed ({error}): run `deploy/tools.sh test`"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What `systemd-analyze verify` says of all units, each passed through `change` first; nothing when they are right. It
/// looks at a tree in which a stand-in is installed as `faultline`, and which has the one unit of systemd's own that all
/// services require. Its exit status alone does not tell: what it cannot read it ignores.
fn verify(change: impl Fn(&str) -> String) -> String {
    let root = tempfile::tempdir().unwrap();
    let (units, programs) = (root.path().join("etc/systemd/system"), root.path().join("usr/local/bin"));
    copy_units(&deploy("systemd"), &units, &change);
    fs::write(units.join("sysinit.target"), "[Unit]\nDescription=stand-in\n").unwrap();
    fs::create_dir_all(&programs).unwrap();
    fs::write(programs.join("faultline"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(programs.join("faultline"), fs::Permissions::from_mode(0o755)).unwrap();

    let root_argument = format!("--root={}", root.path().display());
    let instances = ROLES.map(|role| format!("faultline@{role}.service"));
    let mut arguments = vec![root_argument.as_str(), "verify", "faultline-up.service", "faultline.target"];
    arguments.extend(instances.iter().map(String::as_str));
    let output = run("systemd-analyze", &arguments);
    match (output.status.success(), said(&output)) {
        (false, silent) if silent.is_empty() => format!("systemd-analyze ended with {}", output.status),
        (_, said) => said,
    }
}

fn copy_units(from: &Path, to: &Path, change: &impl Fn(&str) -> String) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if path.is_dir() {
            copy_units(&path, &target, change);
        } else {
            fs::write(target, change(&fs::read_to_string(path).unwrap())).unwrap();
        }
    }
}

#[test]
fn prometheus_accepts_the_scrape_config() {
    let output = run("promtool", &["check", "config", deploy("prometheus.yml").to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn systemd_accepts_every_unit() {
    assert_eq!(verify(str::to_owned), "");
}

#[test]
fn a_mistake_in_a_unit_is_noticed() {
    let mistakes =
        [("ProtectClock=", "ProtectClok="), ("Environment=", "Enviroment="), ("=45s", "=45q"), ("/bin/", "/bi/")];
    for (right, wrong) in mistakes {
        let complaint = verify(|unit| unit.replace(right, wrong));
        assert!(!complaint.is_empty(), "{wrong} went unnoticed");
    }
}

#[test]
fn systemd_creates_the_user_that_the_units_name() {
    let sysusers = read("systemd/faultline.sysusers.conf");
    for unit in ["faultline-up.service", "faultline@.service"] {
        let unit = read(&format!("systemd/{unit}"));
        assert!(sysusers.contains(&format!("\nu {} ", values(&unit, "User")[0])), "{sysusers}");
    }
}

#[test]
fn systemd_waits_longer_than_faultline_takes_to_stop_and_lets_wrong_configuration_rest() {
    let needed = Common::default().consume.shutdown_deadline_ms + STOP_MARGIN_MS;
    for name in ["faultline-up.service", "faultline@.service"] {
        let unit = read(&format!("systemd/{name}"));
        let seconds: u64 = values(&unit, "TimeoutStopSec")[0].trim_end_matches('s').parse().unwrap();
        assert!(seconds * 1_000 > needed, "{name}: {seconds} s, needed are more than {needed} ms");
        assert_eq!(values(&unit, "RestartPreventExitStatus"), ["2"], "{name}");
    }
}

#[test]
fn the_broker_outlives_the_roles_when_systemd_stops_up() {
    assert_eq!(values(&read("systemd/faultline-up.service"), "KillMode"), ["mixed"]);
}

#[test]
fn prometheus_scrapes_the_ports_that_the_units_set() {
    let config = read("prometheus.yml");
    let scraped: BTreeSet<&str> =
        config.lines().filter_map(|line| line.trim().strip_prefix("- targets: [\"")?.strip_suffix("\"]")).collect();
    let mut listening: BTreeSet<String> = ROLES.map(|role| environment(role).1).into();
    listening.extend(Common::default().admin.listen);
    assert_eq!(listening.len(), ROLES.len() + 1, "two share a port: {listening:?}");
    assert_eq!(scraped, listening.iter().map(String::as_str).collect());
}

#[test]
fn faultline_understands_what_the_units_start_it_with() {
    let program = binary("faultline");
    let template = read("systemd/faultline@.service");
    let up = read("systemd/faultline-up.service");
    let starts = ROLES.map(|role| (values(&template, "ExecStart")[0].replace("%i", role), Some(environment(role))));
    for (start, environment) in starts.into_iter().chain([(values(&up, "ExecStart")[0].to_owned(), None)]) {
        let arguments: Vec<&str> = start.split(' ').skip(1).collect();
        let help = Command::new(&program).args(&arguments).arg("--help").output().unwrap();
        assert!(help.status.success(), "{start}: {}", said(&help));
        // Any command reads the settings first; this one then finds nothing to do.
        let mut idle = Command::new(&program);
        let output = idle.args(["enrich", "-"]).envs(environment).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{start}: {}", said(&output));
    }
}

#[test]
fn the_operators_guide_lists_every_metric() {
    let registry = Registry::new();
    let metrics = RoleMetrics::new("sink", &registry).unwrap();
    // Those with labels show once they have a value.
    metrics.dead_letters.with_label_values(&["x"]).inc();
    metrics.stage_seconds.with_label_values(&["x"]).observe(1.0);
    metrics.consumer_lag.with_label_values(&["x", "0"]).set(1);
    let families = registry.gather();
    let exported: BTreeSet<&str> = families.iter().filter_map(|f| f.name().strip_prefix("faultline_sink_")).collect();
    let guide = read("README.md");
    let listed: BTreeSet<&str> =
        guide.lines().filter_map(|line| line.strip_prefix("| `faultline_<role>_")?.split(['`', '{']).next()).collect();
    assert_eq!(listed, exported);
}
