//! A broker and a store to run Faultline on: the one-machine pair, or the pair for many machines.

use std::{
    collections::BTreeMap,
    str::FromStr as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use faultline_platform::{Message, tail};
use faultline_schemas::topic::Topic;
use faultline_sink::SinkSettings;

use crate::{
    faultline::{BundledBroker, Installation, Store},
    kafka::Kafka,
    postgres::{Database, Postgres},
    process::{self, Process},
};

/// Real servers, ended when dropped.
pub struct Stack {
    broker: Broker,
    database: Option<(Arc<Postgres>, Database)>,
    /// Two stacks at once would fight for the machine, and the tests would measure that.
    _alone: MutexGuard<'static, ()>,
}

enum Broker {
    Bundled(BundledBroker),
    Apache(Kafka),
}

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stack {
    /// Bundled broker and SQLite.
    ///
    /// # Errors
    /// When the broker does not come up.
    pub fn bundled() -> anyhow::Result<Self> {
        let alone = alone();
        Ok(Self { broker: Broker::Bundled(BundledBroker::start()?), database: None, _alone: alone })
    }

    /// Apache Kafka and PostgreSQL.
    ///
    /// # Errors
    /// When they do not come up.
    pub fn apache() -> anyhow::Result<Self> {
        let alone = alone();
        let postgres = Arc::new(Postgres::start()?);
        let database = postgres.create_database()?;
        Ok(Self { broker: Broker::Apache(Kafka::start()?), database: Some((postgres, database)), _alone: alone })
    }

    /// A fresh installation on this stack, with the defaults that `faultline up` has for the bundled broker there.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub fn install(&self) -> anyhow::Result<Installation> {
        let brokers = match &self.broker {
            Broker::Bundled(broker) => broker.address(),
            Broker::Apache(kafka) => kafka.brokers(),
        };
        let store = self.database.as_ref().map_or(Store::Sqlite, |(_, database)| Store::Url(database.url().to_owned()));
        let more = match &self.broker {
            Broker::Bundled(_) => {
                "[enricher]\nevents = false\n\
                 [kafka.client]\n\"fetch.wait.max.ms\" = \"100\"\n\"max.in.flight.requests.per.connection\" = \"1\"\n"
            }
            Broker::Apache(_) => "",
        };
        Installation::new(brokers, &store, more)
    }

    /// Whether this is the pair for one machine.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        matches!(self.broker, Broker::Bundled(_))
    }

    /// Kills the broker and starts it again after `away`; servers that are not ours are left alone.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn restart_broker(&mut self, away: Duration) -> anyhow::Result<()> {
        self.restart_broker_and(away, || {})
    }

    /// As [`Stack::restart_broker`]; `then` is called when the broker has gone.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn restart_broker_and(&mut self, away: Duration, then: impl FnOnce()) -> anyhow::Result<()> {
        match &mut self.broker {
            Broker::Bundled(broker) => broker.kill(),
            Broker::Apache(kafka) if kafka.is_ours() => kafka.kill(),
            Broker::Apache(_) => return Ok(()),
        }
        then();
        std::thread::sleep(away);
        match &mut self.broker {
            Broker::Bundled(broker) => broker.up(),
            Broker::Apache(kafka) => kafka.up(),
        }
    }

    /// Sends the broker a signal by name: `STOP` freezes it, so that whatever waits for it hangs, and `CONT` wakes it.
    /// Servers that are not ours are left alone.
    pub fn signal_broker(&self, signal: &str) {
        match &self.broker {
            Broker::Bundled(broker) => broker.signal(signal),
            Broker::Apache(kafka) => kafka.signal(signal),
        }
    }

    /// Sets one property of a topic by the broker's own tool, as its administrator would; Apache Kafka only.
    ///
    /// # Errors
    /// When the broker refuses it, or is not Apache Kafka.
    pub fn configure_topic(&self, topic: &str, property: &str) -> anyhow::Result<()> {
        match &self.broker {
            Broker::Bundled(_) => anyhow::bail!("the bundled broker has no properties of topics"),
            Broker::Apache(kafka) => kafka.configure_topic(topic, property),
        }
    }

    /// Makes the database go away for a while: PostgreSQL is killed; SQLite's file is locked by somebody else.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn interrupt_store(&self, installation: &Installation, away: Duration) -> anyhow::Result<()> {
        let Some((postgres, _)) = &self.database else { return lock_sqlite(installation, away) };
        if postgres.is_ours() {
            postgres.kill();
            std::thread::sleep(away);
            postgres.up()?;
        }
        Ok(())
    }
}

fn lock_sqlite(installation: &Installation, away: Duration) -> anyhow::Result<()> {
    use sqlx::{Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};
    // The sink's transactions may take long on a machine that is busy with other tests.
    let options = SqliteConnectOptions::from_str(installation.store_url())?.busy_timeout(Duration::from_secs(30));
    block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        connection.execute("BEGIN EXCLUSIVE").await?;
        tokio::time::sleep(away).await;
        connection.execute("ROLLBACK").await?;
        connection.close().await?;
        Ok(())
    })
}

/// Runs a future to its end on a runtime of its own.
///
/// # Panics
/// When no runtime can be made.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The enricher and the sink of an installation, as processes.
///
/// # Errors
/// When they cannot be started.
pub fn start_roles(installation: &Installation) -> anyhow::Result<(Process, Process)> {
    Ok((installation.role("enricher", &["enricher"])?, installation.role("sink", &["sink"])?))
}

/// Every document in the store, by id, with its count of revisions left to [`faultline_sink::Store::stats`].
///
/// # Errors
/// When the store cannot be read.
pub fn stored(installation: &Installation) -> anyhow::Result<BTreeMap<String, serde_json::Value>> {
    with_store(installation, async |store| {
        let mut all = BTreeMap::new();
        loop {
            let after = all.last_key_value().map(|(id, _): (&String, _)| id.clone());
            let page = store.documents(after.as_deref(), 500).await?;
            if page.is_empty() {
                return Ok(all);
            }
            for (id, document) in page {
                all.insert(id, serde_json::from_slice(&document)?);
            }
        }
    })
}

/// Counts of the store; all zero while it cannot be read.
#[must_use]
pub fn stats(installation: &Installation) -> faultline_sink::Stats {
    with_store(installation, async |store| Ok(store.stats().await?)).unwrap_or_default()
}

/// Opens the installation's store for reading.
///
/// # Errors
/// What `read` says, or that the store cannot be opened.
pub fn with_store<T>(
    installation: &Installation,
    read: impl AsyncFnOnce(&faultline_sink::Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let settings = SinkSettings { url: installation.store_url().into(), ..SinkSettings::default() };
    block_on(async {
        let store = faultline_sink::Store::open_existing(&settings, installation.folder()).await?;
        let result = read(&store).await;
        store.close().await;
        result
    })
}

/// Every message on one of the installation's topics.
///
/// # Errors
/// When it cannot be read to its end.
pub fn messages(installation: &Installation, topic: &Topic) -> anyhow::Result<Vec<Message>> {
    let common = installation.common();
    let mut all = Vec::new();
    tail::read_all(&common, &common.topics.name(topic), Duration::from_secs(60), |message| all.push(message))?;
    Ok(all)
}

/// Waits until the store holds `articles` articles.
///
/// # Errors
/// When it does not within `deadline`, with the logs.
pub fn wait_stored(installation: &Installation, articles: u64, deadline: Duration) -> anyhow::Result<()> {
    process::eventually(&format!("{articles} articles stored"), deadline, || stats(installation).articles >= articles)
        .map_err(|error| error.context(format!("{:?}\n{}", stats(installation), installation.logs())))
}
