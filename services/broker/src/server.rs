//! Accepts connections and answers what comes in on them.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use rama::layer::{MapErrLayer, MapStateLayer};
use rama::{Context, Layer as _, Service as _};
use tansu_broker::Error;
use tansu_broker::service::{coordinator, storage};
use tansu_sans_io::{ApiKey as _, FetchRequest};
use tansu_service::{
    BytesFrameLayer, FrameRequestLayer, FrameRouteService, TcpBytesLayer, TcpContext, TcpContextLayer,
};
use tansu_storage::Storage as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::error;

use crate::fetch::FetchService;
use crate::groups::Groups;
use crate::storage::Store;

/// How often records are looked through for what is too old.
const MAINTENANCE: Duration = Duration::from_secs(600);
/// After a failure to accept, which is a lack of file descriptors or of memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Runs until it cannot go on, and says why.
pub(crate) async fn run(listener: TcpListener, store: Store) -> anyhow::Error {
    let groups = match Groups::new(store.clone()) {
        Ok(groups) => groups,
        Err(error) => return anyhow::anyhow!("the broker failed to start its groups: {error}"),
    };
    let mut tasks = JoinSet::new();
    let mut maintenance = tokio::time::interval(MAINTENANCE);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { tasks.spawn(connection(stream, groups.clone(), store.clone())); }
                Err(error) => {
                    error!(%error, "failed to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = maintenance.tick() => { tasks.spawn(maintain(store.clone())); }
            Some(ended) = tasks.join_next() => {
                if let Err(panic) = ended {
                    error!(%panic, "a connection ended");
                }
            }
        }
    }
}

async fn maintain(store: Store) {
    if let Err(error) = store.maintain(SystemTime::now()).await {
        error!(%error, "failed to take away old records, trying again later");
    }
}

async fn connection(stream: TcpStream, groups: Groups, store: Store) {
    match answer(stream, groups, store).await {
        Ok(()) => {}
        // The client went away.
        Err(Error::Io(error))
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ) => {}
        Err(error) => error!(?error, "a connection failed"),
    }
}

async fn answer(stream: TcpStream, groups: Groups, store: Store) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let layers = (TcpContextLayer::new(TcpContext::default()), TcpBytesLayer::default(), BytesFrameLayer::default());
    layers.into_layer(routes(groups, store)?).serve(Context::default(), stream).await
}

/// All requests that clients of Faultline make; transactions are not among them.
fn routes(groups: Groups, store: Store) -> Result<FrameRouteService<(), Error>, Error> {
    let of_tansu = [
        storage::consumer_group_describe,
        storage::create_topics,
        storage::delete_groups,
        storage::delete_records,
        storage::delete_topics,
        storage::describe_cluster,
        storage::describe_configs,
        storage::describe_groups,
        storage::describe_topic_partitions,
        storage::find_coordinator,
        storage::incremental_alter_configs,
        storage::init_producer_id,
        storage::list_groups,
        storage::list_offsets,
        storage::metadata,
        storage::produce,
    ];
    let builder = of_tansu
        .iter()
        .try_fold(FrameRouteService::<(), Error>::builder(), |builder, route| route(builder, store.clone()))?;
    let fetch =
        (MapErrLayer::new(Error::from), MapStateLayer::new(move |()| store), FrameRequestLayer::<FetchRequest>::new())
            .into_layer(FetchService);
    let builder = builder.with_route(FetchRequest::KEY, fetch.boxed())?;
    Ok(coordinator::services(builder, groups)?.build()?)
}
