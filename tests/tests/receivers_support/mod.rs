//! What tests of receivers share.

use std::{path::PathBuf, sync::LazyLock};

use faultline_alerter::{
    receivers::{Receiver, ReceiverError, SendError},
    settings::{AlertWebSettings, ReceiverSettings},
};
use faultline_schemas::Alert;
use tokio::runtime::Runtime;

/// One for all: connections that are kept belong to it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The name leads to that port of this machine, and private addresses are refused otherwise.
pub(crate) fn reaching(name: &str, port: u16) -> AlertWebSettings {
    let hosts = [(name.to_owned(), ([127, 0, 0, 1], port).into())].into();
    AlertWebSettings { hosts, ..AlertWebSettings::default() }
}

pub(crate) fn opened(settings: ReceiverSettings, web: &AlertWebSettings) -> Result<Receiver, ReceiverError> {
    Receiver::open("desk", &settings, web)
}

pub(crate) fn open(settings: ReceiverSettings, web: &AlertWebSettings) -> Receiver {
    opened(settings, web).unwrap()
}

pub(crate) fn send(receiver: &Receiver, batch: &[Alert]) -> Result<(), SendError> {
    RUNTIME.block_on(receiver.send(batch))
}

/// A file that holds a secret.
pub(crate) fn secret(text: &str) -> (tempfile::NamedTempFile, Option<PathBuf>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = Some(file.path().to_owned());
    (file, path)
}
