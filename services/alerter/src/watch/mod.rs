//! Reading the stream, and telling what the rules make of it.

mod publish;
mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultline_platform::merged::Merged;
use faultline_platform::{Membership, Message, RoleContext, compacted, tail};
use faultline_rules::RuleSet;
use faultline_schemas::{Alert, AlertState, Enriched, header, topic};
use prometheus::IntGauge;
use tracing::{debug, info};

use self::publish::Alerts;
use self::shard::{Note, Shard};
use crate::GROUP;
use crate::rules::{Rules, gauge};
use crate::settings::AlerterSettings;

/// How long a read waits for something to come.
const STEP: Duration = Duration::from_millis(200);
/// How often it is noted how far the work has come.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// Time passes by the machine's clock so much later: what was published by then has come in.
const GRACE_MS: i64 = 2_000;
/// Of what was published so long before the very first start, alerts are told.
const FIRST_LOOK_BACK_MS: i64 = 3_600_000;
/// How long reading the table of alerts may take.
const TABLE_DEADLINE: Duration = Duration::from_secs(120);
/// The thread must come round within this time.
const PACE: Duration = Duration::from_secs(180);

/// Watches until stop is requested.
pub(crate) fn run(ctx: &RoleContext, settings: &AlerterSettings, rules: Rules) -> anyhow::Result<()> {
    let joined = ctx.health.latch("consumer group");
    let names = &ctx.common.topics;
    let (enriched, alerts) = (names.name(&topic::ENRICHED), names.name(&topic::ALERTS));
    let mut watch = Watch {
        ctx,
        settings,
        rules,
        of: tail::partitions(&ctx.common, &alerts)?,
        membership: Membership::join(&ctx.common, &alerts, GROUP, joined)?,
        reader: Merged::open(&ctx.common, &enriched)?,
        alerts: Alerts::new(ctx, alerts)?,
        shards: BTreeMap::new(),
        noted: Instant::now(),
        has_news: false,
        gauges: Gauges::new(ctx)?,
    };
    let pace = ctx.health.progress("watching", PACE);
    while !ctx.stop.requested() {
        pace.tick();
        watch.step()?;
    }
    watch.note()
}

struct Watch<'a> {
    ctx: &'a RoleContext,
    settings: &'a AlerterSettings,
    rules: Rules,
    /// Partitions that rules are shared out by.
    of: i32,
    membership: Membership,
    reader: Merged,
    alerts: Alerts,
    shards: BTreeMap<i32, Shard>,
    noted: Instant,
    /// Whether anything has come since that was noted.
    has_news: bool,
    gauges: Gauges,
}

impl Watch<'_> {
    fn step(&mut self) -> anyhow::Result<()> {
        let share = self.membership.share();
        if share.iter().ne(self.shards.keys()) {
            self.take_share(&share)?;
        }
        if self.rules.have_changed() {
            self.replace_rules()?;
        }
        if self.shards.is_empty() {
            std::thread::sleep(STEP);
            return Ok(());
        }
        let mut told = Vec::new();
        match self.reader.next(STEP) {
            Some(message) => self.take(&message, &mut told),
            None => self.rest(&mut told),
        }
        self.alerts.publish(&told)?;
        if self.has_news && self.noted.elapsed() >= NOTE_EVERY {
            self.note()?;
        }
        Ok(())
    }

    fn take(&mut self, message: &Message, told: &mut Vec<Alert>) {
        self.ctx.metrics.messages_in.inc();
        self.has_news = true;
        // What cannot be read goes to the dead letters of the sink.
        let document = match serde_json::from_slice::<Enriched>(message.payload.as_deref().unwrap_or_default()) {
            Ok(document) => Some(Arc::new(document)),
            Err(error) => {
                debug!(%error, partition = message.partition, offset = message.offset, "not a tagged article");
                self.ctx.metrics.messages_failed.inc();
                None
            }
        };
        for shard in self.shards.values_mut() {
            shard.take(message, document.as_ref(), told);
        }
        let fetched = message.header(header::FETCHED_AT).and_then(|at| at.parse::<jiff::Timestamp>().ok());
        if let Some(fetched) = fetched.filter(|_| self.shards.values().all(Shard::is_live)) {
            let seconds = jiff::Timestamp::now().duration_since(fetched).as_secs_f64();
            self.ctx.metrics.end_to_end_latency.observe(seconds.max(0.0));
        }
    }

    /// Nothing has come for a while.
    fn rest(&mut self, told: &mut Vec<Alert>) {
        if !self.reader.is_at_end() {
            return;
        }
        let now = jiff::Timestamp::now().as_millisecond() - GRACE_MS;
        for shard in self.shards.values_mut() {
            shard.rest(now, told);
        }
        self.has_news |= !told.is_empty();
        self.gauges.set(self.shards.values());
    }

    /// Takes over partitions, and lets go of those that are another member's now.
    fn take_share(&mut self, share: &BTreeSet<i32>) -> anyhow::Result<()> {
        self.shards.retain(|partition, _| share.contains(partition));
        let fresh: BTreeSet<i32> =
            share.iter().copied().filter(|partition| !self.shards.contains_key(partition)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let notes = self.membership.noted(&fresh)?;
        let table = self.told()?;
        let mut earliest = Vec::new();
        for partition in fresh {
            let note = notes.get(&partition).and_then(|note| Note::parse(note));
            let rules = self.rules_of(partition);
            let told = table.iter().filter(|alert| self.partition_of(&alert.rule) == partition).cloned().collect();
            let now = jiff::Timestamp::now().as_millisecond();
            let note = match note {
                Some(note) => note,
                None => Note { clock: None, next: self.reader.offsets_since(now - FIRST_LOOK_BACK_MS)? },
            };
            let shard = Shard::new(rules, self.settings.limits(), note, told);
            let longest = i64::from(self.settings.replay_hours) * 3_600_000;
            let back = shard.memory().min(longest);
            let since = shard.clock().unwrap_or(now - FIRST_LOOK_BACK_MS) - back;
            info!(partition, hours = back / 3_600_000, "reading again what rules look back to");
            earliest.push(self.reader.offsets_since(since)?);
            self.shards.insert(partition, shard);
        }
        self.retire(&table)?;
        let mut start: BTreeMap<i32, i64> = BTreeMap::new();
        let positions = self.shards.values().filter(|shard| shard.is_live()).map(Shard::next);
        for (partition, offset) in positions.chain(&earliest).flatten() {
            start.entry(*partition).and_modify(|first| *first = (*first).min(*offset)).or_insert(*offset);
        }
        self.reader.start(&start)
    }

    /// The last that was told of each alert.
    fn told(&self) -> anyhow::Result<Vec<Alert>> {
        let name = self.ctx.common.topics.name(&topic::ALERTS);
        let table = compacted::read_all(&self.ctx.common, &name, TABLE_DEADLINE)?;
        Ok(table.values().filter_map(|value| serde_json::from_slice(value).ok()).collect())
    }

    fn partition_of(&self, rule: &str) -> i32 {
        partition_of(rule, self.of)
    }

    fn rules_of(&self, partition: i32) -> RuleSet {
        let mut rules = self.rules.current().clone();
        rules.retain(|rule| partition_of(&rule.id, self.of) == partition);
        rules
    }

    fn replace_rules(&mut self) -> anyhow::Result<()> {
        let partitions: Vec<i32> = self.shards.keys().copied().collect();
        for partition in partitions {
            let rules = self.rules_of(partition);
            if let Some(shard) = self.shards.get_mut(&partition) {
                shard.replace(rules);
            }
        }
        let table = self.told()?;
        self.retire(&table)
    }

    /// Closes the alerts of rules that are no more.
    fn retire(&mut self, table: &[Alert]) -> anyhow::Result<()> {
        let rules = self.rules.current().rules();
        let watched: BTreeSet<&str> = rules.iter().filter(|rule| rule.enabled).map(|rule| &*rule.id).collect();
        let is_over = |alert: &&Alert| {
            alert.state == AlertState::Firing
                && !watched.contains(&*alert.rule)
                && self.shards.contains_key(&partition_of(&alert.rule, self.of))
        };
        let now = jiff::Timestamp::now().to_string();
        let over: Vec<Alert> = table.iter().filter(is_over).map(|alert| closed(alert, &now)).collect();
        self.alerts.publish(&over)
    }

    /// Notes how far the work has come, once everything told is on the topic.
    fn note(&mut self) -> anyhow::Result<()> {
        self.alerts.wait(&self.ctx.stop)?;
        let live = self.shards.iter().filter(|(_, shard)| shard.is_live());
        let notes: BTreeMap<i32, String> = live.map(|(partition, shard)| (*partition, shard.note())).collect();
        self.membership.note(&notes);
        self.noted = Instant::now();
        self.has_news = false;
        self.gauges.set(self.shards.values());
        Ok(())
    }
}

/// The partition that a rule belongs to. Part of what members agree on: never to be changed.
fn partition_of(rule: &str, of: i32) -> i32 {
    let hash = blake3::hash(rule.as_bytes());
    let first: [u8; 8] = hash.as_bytes()[..8].try_into().unwrap_or_default();
    i32::try_from(u64::from_le_bytes(first) % u64::from(of.max(1).unsigned_abs())).unwrap_or_default()
}

fn closed(alert: &Alert, now: &str) -> Alert {
    let key = blake3::hash(format!("{} {} retired", alert.fingerprint, alert.starts_at).as_bytes());
    Alert {
        state: AlertState::Resolved,
        key: key.to_hex()[..32].to_owned(),
        ends_at: Some(now.to_owned()),
        told_at: now.to_owned(),
        reason: "its rule is not watched any more".to_owned(),
        ..alert.clone()
    }
}

/// What the engines have counted, summed up.
struct Gauges {
    late: IntGauge,
    stale: IntGauge,
    left_out: IntGauge,
    learning: IntGauge,
}

impl Gauges {
    fn new(ctx: &RoleContext) -> anyhow::Result<Self> {
        let gauge = |name: &str, help: &str| gauge(&ctx.registry, &format!("faultline_alerter_{name}"), help);
        Ok(Self {
            late: gauge("articles_late", "articles since the start that came later than alerter.lateness_seconds")?,
            stale: gauge(
                "articles_stale",
                "articles since the start that came too late to move a window (alerter.stale_hours)",
            )?,
            left_out: gauge(
                "groups_left_out",
                "times since the start that an article was left out of a group: alerter.most_groups",
            )?,
            learning: gauge("learning", "times since the start that a past was too short to judge by")?,
        })
    }

    fn set<'a>(&self, shards: impl Iterator<Item = &'a Shard>) {
        let (mut late, mut stale, mut left_out, mut learning) = (0, 0, 0, 0);
        for counts in shards.map(Shard::counts) {
            // Every engine reads the same articles.
            (late, stale) = (counts.late.max(late), counts.stale.max(stale));
            (left_out, learning) = (left_out + counts.left_out, learning + counts.learning);
        }
        let set = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.late, late);
        set(&self.stale, stale);
        set(&self.left_out, left_out);
        set(&self.learning, learning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_shared_out_evenly_and_always_the_same_way() {
        let of = |n: usize| partition_of(&format!("rule-{n}"), 6);
        let mut counts = [0; 6];
        (0..600).for_each(|n| counts[of(n) as usize] += 1);
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
        assert_eq!([partition_of("dyad-force", 6), partition_of("dyad-force", 1)], [4, 0]);
    }
}
