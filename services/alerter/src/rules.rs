//! The folder of rules, looked at again and again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use faultline_platform::RoleContext;
use faultline_platform::health::Health;
use faultline_rules::{Problems, RuleSet};
use prometheus::{IntGauge, Registry};

/// How often the folder is looked at. Looking needs no more than the times of its files, on every kind of file system.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Name of the rules in the health report.
const RULES: &str = "rules";

/// Rules that follow their folder.
pub(crate) struct Rules {
    folder: PathBuf,
    seen: Vec<(PathBuf, Option<SystemTime>, u64)>,
    looked: Instant,
    health: Health,
    count: IntGauge,
    is_valid: IntGauge,
    /// Names of receivers that rules may have.
    receivers: Vec<String>,
    current: RuleSet,
}

impl Rules {
    /// Reads the folder.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn load(ctx: &RoleContext, folder: PathBuf, receivers: Vec<String>) -> anyhow::Result<Self> {
        let seen = files(&folder);
        let current = read(&folder, &receivers)
            .with_context(|| format!("the rules in alerter.rules_dir = {} cannot be used", folder.display()))?;
        let gauge = |name: &str, help: &str| gauge(&ctx.registry, name, help);
        let rules = Self {
            seen,
            looked: Instant::now(),
            health: ctx.health.clone(),
            count: gauge("faultline_alerter_rules", "rules that are watched")?,
            is_valid: gauge(
                "faultline_alerter_rules_valid",
                "1 where the folder of rules is what is watched, 0 where it has mistakes and the rules before are watched still",
            )?,
            folder,
            receivers,
            current,
        };
        rules.is_valid.set(1);
        rules.tell();
        Ok(rules)
    }

    /// The rules in force.
    pub(crate) fn current(&self) -> &RuleSet {
        &self.current
    }

    /// Whether the rules have changed since this was last asked. Rules with mistakes change nothing, which is said loudly.
    pub(crate) fn have_changed(&mut self) -> bool {
        if self.looked.elapsed() < LOOK_EVERY {
            return false;
        }
        self.looked = Instant::now();
        let seen = files(&self.folder);
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        match read(&self.folder, &self.receivers) {
            Ok(rules) => {
                self.current = rules;
                self.is_valid.set(1);
                self.health.set_degraded(RULES, None);
                self.tell();
                true
            }
            Err(problems) => {
                tracing::error!(%problems, "the changed rules have mistakes: the rules before are watched still");
                self.is_valid.set(0);
                self.health.set_degraded(RULES, Some(format!("the rules before are watched still: {problems}")));
                false
            }
        }
    }

    fn tell(&self) {
        let watched = self.current.rules().iter().filter(|rule| rule.enabled).count();
        self.count.set(watched as i64);
        tracing::info!(rules = watched, folder = %self.folder.display(), "watching rules");
    }
}

fn read(folder: &Path, receivers: &[String]) -> Result<RuleSet, Problems> {
    let rules = RuleSet::load(folder)?;
    let known: Vec<&str> = receivers.iter().map(String::as_str).collect();
    rules.check_receivers(&known)?;
    Ok(rules)
}

pub(crate) fn gauge(registry: &Registry, name: &str, help: &str) -> anyhow::Result<IntGauge> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

/// What says that a file is another one than before, for everything below a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    fn walk(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            // Through links: that is how mounted configuration changes.
            match std::fs::metadata(&path) {
                Ok(about) if about.is_dir() && depth > 0 => walk(&path, depth - 1, found),
                Ok(about) if about.is_file() => found.push((path, about.modified().ok(), about.len())),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if folder.is_dir() {
        walk(folder, 8, &mut found);
    } else if let Ok(about) = std::fs::metadata(folder) {
        found.push((folder.to_owned(), about.modified().ok(), about.len()));
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lists")).unwrap();
        let empty = files(folder.path());
        std::fs::write(folder.path().join("lists/a.txt"), "x").unwrap();
        let one = files(folder.path());
        assert_ne!(empty, one);
        std::fs::write(folder.path().join("lists/a.txt"), "xy").unwrap();
        assert_ne!(one, files(folder.path()));
    }
}
