//! Reading a compacted topic as the table that it is.

use std::{collections::HashMap, time::Duration};

use crate::{settings::Common, tail};

/// The last value of each key on `topic`, as of now. Keys whose last value is a tombstone are left out, as are messages
/// without a key.
///
/// A key's values must all lie on one partition, as the client's partitioner sees to: between partitions there is no
/// order.
///
/// # Errors
/// When the topic is unknown or its end is not reached within `deadline`.
pub fn read_all(common: &Common, topic: &str, deadline: Duration) -> anyhow::Result<HashMap<Vec<u8>, Vec<u8>>> {
    let mut table = HashMap::new();
    tail::read_all(common, topic, deadline, |message| {
        let Some(key) = message.key else { return };
        match message.payload {
            Some(value) => table.insert(key, value),
            None => table.remove(&key),
        };
    })?;
    Ok(table)
}
