//! Accepts connections and answers what comes in on them.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::error;

use crate::api;
use crate::broker::Broker;

/// How often records are looked through for what is too old.
const MAINTENANCE: Duration = Duration::from_secs(600);
/// After a failure to accept, which is a lack of file descriptors or of memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What Kafka takes as a request by default. The first bytes of other protocols, read as a length, are more.
const MAX_REQUEST: u32 = 100 << 20;

/// Runs until it is dropped.
pub(crate) async fn run(listener: TcpListener, broker: Arc<Broker>) {
    let mut tasks = JoinSet::new();
    let mut maintenance = tokio::time::interval(MAINTENANCE);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => { tasks.spawn(connection(stream, from.ip(), Arc::clone(&broker))); }
                Err(error) => {
                    error!(%error, "failed to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = maintenance.tick() => {
                let broker = Arc::clone(&broker);
                tasks.spawn(async move { broker.maintain().await });
            }
            Some(ended) = tasks.join_next() => {
                if let Err(panic) = ended {
                    error!(%panic, "a connection ended");
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, from: IpAddr, broker: Arc<Broker>) {
    if let Err(error) = serve(stream, from, &broker).await {
        error!(error = format!("{error:#}"), %from, "closed a connection");
    }
}

/// One request after the other, until the client goes away.
async fn serve(stream: TcpStream, from: IpAddr, broker: &Broker) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream).await {
            Err(error) if is_gone(&error) => return Ok(()),
            request => request?,
        };
        let Some(answer) = api::answer(broker, request, from).await? else { continue };
        match stream.write_all(&answer).await {
            Err(error) if is_gone(&error) => return Ok(()),
            written => written?,
        }
    }
}

/// A request without its length.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Bytes> {
    let length = stream.read_u32().await?;
    if length > MAX_REQUEST {
        let what = format!("what came is no request of the Kafka protocol: it would be {length} bytes long");
        return Err(io::Error::new(ErrorKind::InvalidData, what));
    }
    let mut request = Vec::new();
    if stream.take(length.into()).read_to_end(&mut request).await? < length as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(request.into())
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
