//! Every role on one machine, in this process, on the bundled broker beside it.

mod broker;
mod lock;
mod roles;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use faultline_platform::Stop;
use tracing::info;

use self::broker::BundledBroker;
use self::lock::FolderLock;
pub(crate) use self::roles::Role;
use self::roles::Roles;
use crate::settings::Settings;
use crate::terminal;

/// How long roles may take beyond their own deadline for what is in flight.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// All of it, running.
pub(crate) struct Up {
    settings: Settings,
    stop: Stop,
    roles: Roles,
    broker: Option<BundledBroker>,
    /// Held until everything has ended.
    _lock: FolderLock,
}

impl Up {
    /// Starts the broker, where none is named, then every role. The broker ends with this process, whatever happens.
    pub(crate) async fn start(mut settings: Settings, stop: Stop) -> anyhow::Result<Self> {
        let lock = FolderLock::take(&settings.common.data_dir)?;
        let mut roles = Roles::new(stop.clone());
        let broker = match settings.bundled_broker {
            true => Some(start_broker(&mut settings, &roles).await?),
            false => None,
        };
        roles.serve_admin(&settings);
        for role in Role::ALL {
            roles.start(role, &settings)?;
        }
        Ok(Self { settings, stop, roles, broker, _lock: lock })
    }

    /// What is in force, with the addresses that were picked.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Runs until asked to stop, or until something fails, which stops the rest; the broker ends last.
    pub(crate) async fn finish(mut self) -> anyhow::Result<()> {
        let outcome = self.run_roles().await;
        if let Some(broker) = self.broker {
            broker.end().await;
            std::fs::remove_file(self.settings.broker_address_file()).ok();
        }
        outcome
    }

    async fn run_roles(&mut self) -> anyhow::Result<()> {
        let deadline = stop_deadline(&self.settings);
        let Some(broker) = &mut self.broker else { return self.roles.finish(deadline).await };
        let failure = tokio::select! {
            outcome = self.roles.finish(deadline) => return outcome,
            failure = broker.failure() => failure,
        };
        self.stop.request();
        // What the roles say now follows from the broker's end.
        self.roles.finish(deadline).await.ok();
        Err(failure)
    }
}

fn stop_deadline(settings: &Settings) -> Duration {
    Duration::from_millis(settings.common.consume.shutdown_deadline_ms) + STOP_MARGIN
}

async fn start_broker(settings: &mut Settings, roles: &Roles) -> anyhow::Result<BundledBroker> {
    let listen = settings.broker.address()?;
    let broker = BundledBroker::start(listen, settings.broker_folder(), roles.health())
        .await
        .with_context(|| format!("failed to start on broker.listen = {listen}"))?;
    let address = broker.address();
    let kafka = &mut settings.common.kafka;
    kafka.brokers = address.to_string();
    let file = settings.broker_address_file();
    std::fs::write(&file, format!("{address}\n")).with_context(|| format!("failed to write {}", file.display()))?;
    info!(%address, "the bundled broker answers");
    Ok(broker)
}

/// `faultline up`.
pub(crate) async fn run(settings: Settings, stop: Stop) -> anyhow::Result<()> {
    let up = Up::start(settings, stop).await?;
    terminal::say(&welcome(up.settings(), up.broker.as_ref().map(BundledBroker::address)));
    up.finish().await?;
    terminal::say("faultline has stopped; everything is stored\n");
    Ok(())
}

fn welcome(settings: &Settings, bundled: Option<SocketAddr>) -> String {
    let data = settings.common.data_dir.display();
    let broker = match bundled {
        Some(address) => format!("{address} (bundled)"),
        None => settings.common.kafka.brokers.clone(),
    };
    let admin = match settings.common.admin.listen.as_deref() {
        Some(listen) if !listen.is_empty() => format!("http://{listen}/metrics and /health/ready"),
        _ => "none (admin.listen)".to_owned(),
    };
    let push = match settings.producer.push.listen.as_deref() {
        Some(listen) if !listen.is_empty() => format!("POST http://{listen}/v1/articles"),
        _ => "not by HTTP (producer.push.listen)".to_owned(),
    };
    let alerts = match &settings.alerter.rules_dir {
        Some(folder) => format!("by the rules in {}", folder.display()),
        None => "none watched (faultline rules init, then alerter.rules_dir)".to_owned(),
    };
    format!(
        "faultline is up\n\
         \x20 broker   {broker}\n\
         \x20 articles {push}\n\
         \x20 data     {data}\n\
         \x20 metrics  {admin}\n\
         \x20 alerts   {alerts}\n\
         Next, in another terminal:\n\
         \x20 faultline ingest FILE…      take articles in\n\
         \x20 faultline sources add URL   take a feed in, from now on\n\
         \x20 faultline search WORDS      find them, tagged\n\
         \x20 faultline topics describe   see how far each role is\n\
         Ctrl-C stops it.\n"
    )
}

/// One role by itself, against the Kafka of the configuration.
pub(crate) async fn run_alone(role: Role, settings: Settings, stop: Stop) -> anyhow::Result<()> {
    let mut roles = Roles::new(stop);
    roles.serve_admin(&settings);
    roles.start(role, &settings)?;
    roles.finish(stop_deadline(&settings)).await
}
