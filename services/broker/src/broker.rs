//! What requests are answered from.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::StrBytes;
use tracing::error;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::groups::Groups;
use crate::log::Log;
use crate::offsets::Offsets;
use crate::producer_ids::ProducerIds;
use crate::trouble::Trouble;

/// The only broker of its cluster.
pub(crate) const NODE: BrokerId = BrokerId(1);
pub(crate) const CLUSTER: StrBytes = StrBytes::from_static_str("faultline");

/// All that the broker keeps.
#[derive(Debug)]
pub(crate) struct Broker {
    /// Where clients are told to find it.
    address: SocketAddr,
    pub(crate) log: Log,
    pub(crate) offsets: Offsets,
    pub(crate) groups: Groups,
    pub(crate) producer_ids: ProducerIds,
    trouble: Trouble,
}

impl Broker {
    /// Opens what is in the database at `path`, which clients are told to find at `address`.
    pub(crate) async fn open(path: &Path, address: SocketAddr, trouble: Trouble) -> Result<Self> {
        let database = Arc::new(Database::open(path, trouble.clone()).await?);
        Ok(Self {
            address,
            log: Log::open(Arc::clone(&database)).await?,
            offsets: Offsets::open(Arc::clone(&database)).await?,
            groups: Groups::default(),
            producer_ids: ProducerIds::open(database).await?,
            trouble,
        })
    }

    pub(crate) fn host(&self) -> StrBytes {
        StrBytes::from_string(self.address.ip().to_string())
    }

    pub(crate) fn port(&self) -> i32 {
        self.address.port().into()
    }

    /// What a client is told of an error, which is noted where it is the broker's own.
    pub(crate) fn told(&self, error: &Error) -> ResponseError {
        if let Error::Refused(code) = error {
            return *code;
        }
        error!(%error, "the log failed");
        self.trouble.hear_of(error);
        ResponseError::KafkaStorageError
    }

    /// The code for an outcome.
    pub(crate) fn code<T>(&self, outcome: &Result<T>) -> i16 {
        outcome.as_ref().err().map_or(0, |error| self.told(error).code())
    }

    /// Takes away what topics no longer keep.
    pub(crate) async fn maintain(&self) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if let Err(error) = self.log.clean(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).await {
            self.told(&error);
        }
    }
}
