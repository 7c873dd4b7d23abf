//! A web server that behaves as the web does: slow, broken, redirecting, rate limiting, changing, compressing, lying.
//!
//! The producer's own tests include this file as a module of theirs.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, header},
};
use futures_util::{StreamExt as _, stream};
use tokio::{net::TcpListener, sync::oneshot};

/// More is not kept of what comes with a request.
const MOST_SENT: usize = 10 << 20;

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Path and query.
    pub path: String,
    /// When it came.
    pub at: Instant,
    /// What its headers said.
    pub headers: HeaderMap,
    /// `GET`, or what else it was.
    pub method: String,
    /// What was sent with it.
    pub body: Bytes,
}

impl Hit {
    /// The text of a header; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What a path answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    way: Way,
}

/// How a body is sent.
#[derive(Debug, Clone, Copy)]
enum Way {
    Whole,
    /// The connection is lost after it.
    CutOff,
    /// Over and over, without end.
    Endless,
    /// After so long.
    Late(Duration),
    /// A byte at a time, with so long between two.
    Dripping(Duration),
}

impl Reply {
    /// 200 with this body, of that type.
    #[must_use]
    pub fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![(header::CONTENT_TYPE.to_string(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into(), way: Way::Whole }
    }

    /// A feed.
    #[must_use]
    pub fn feed(body: impl Into<Vec<u8>>) -> Self {
        Self::new("application/rss+xml", body)
    }

    /// A page.
    #[must_use]
    pub fn page(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    /// Nothing but a status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), way: Way::Whole }
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).with("location", to)
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another status.
    #[must_use]
    pub fn but_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The connection is lost after the body, which is then not whole.
    #[must_use]
    pub fn cut_off(mut self) -> Self {
        self.way = Way::CutOff;
        self
    }

    /// The body comes over and over, without end.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.way = Way::Endless;
        self
    }

    /// The body comes after so long.
    #[must_use]
    pub fn late(mut self, pause: Duration) -> Self {
        self.way = Way::Late(pause);
        self
    }

    /// The body comes a byte at a time, with so long between two.
    #[must_use]
    pub fn dripping(mut self, pause: Duration) -> Self {
        self.way = Way::Dripping(pause);
        self
    }
}

type Answer = dyn Fn(&Hit) -> Reply + Send + Sync;

#[derive(Default)]
struct Shared {
    paths: Mutex<HashMap<String, Arc<Answer>>>,
    /// For paths of which nothing was said.
    otherwise: Mutex<Option<Arc<Answer>>>,
    hits: Mutex<Vec<Hit>>,
}

/// The server, on a free port, until it is dropped.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    _running: oneshot::Sender<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    /// Starts it on `127.0.0.1`. Paths of which nothing is said answer 404.
    ///
    /// # Panics
    /// When no port is to be had.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into())
    }

    /// Starts it on another address; the unspecified one makes every `127.x.y.z` a host of its own.
    ///
    /// # Panics
    /// When no port is to be had.
    #[must_use]
    pub fn start_on(address: IpAddr) -> Self {
        let shared = Arc::<Shared>::default();
        let (running, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind((address, 0)).await.expect("a free port");
                tell.send(listener.local_addr().expect("its address")).expect("somebody waits for the address");
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served.expect("serving"),
                    _ = stopped => {}
                }
            });
        });
        let address = told.recv().expect("the server tells its address");
        Self { address, shared, _running: running }
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.address.port())
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on, this path answers so. `SITE` in the body stands for the server's own address.
    pub fn set(&self, path: &str, reply: Reply) {
        self.on(path, move |_| reply.clone());
    }

    /// From now on, this path answers as it is asked.
    pub fn on(&self, path: &str, answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) {
        lock(&self.shared.paths).insert(path.to_owned(), Arc::new(answer));
    }

    /// How all other paths answer.
    pub fn otherwise(&self, answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) {
        *lock(&self.shared.otherwise) = Some(Arc::new(answer));
    }

    /// All requests so far.
    #[must_use]
    pub fn hits(&self) -> Vec<Hit> {
        lock(&self.shared.hits).clone()
    }

    /// Requests for this path so far.
    #[must_use]
    pub fn hits_of(&self, path: &str) -> Vec<Hit> {
        lock(&self.shared.hits).iter().filter(|hit| hit.path == path).cloned().collect()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MOST_SENT).await.unwrap_or_default();
    let hit = Hit { path, at, headers: head.headers, method: head.method.to_string(), body };
    lock(&shared.hits).push(hit.clone());
    let exact = lock(&shared.paths).get(&hit.path).cloned();
    let answer = exact.or_else(|| lock(&shared.otherwise).clone());
    let reply = answer.map_or_else(|| Reply::status(404), |answer| answer(&hit));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(name.as_str()), value.parse()) {
            response.headers_mut().append(name, value);
        }
    }
    let host = hit.header("host");
    let body = Bytes::from(match std::str::from_utf8(&reply.body) {
        Ok(text) if text.contains("SITE") => text.replace("SITE", &format!("http://{host}")).into_bytes(),
        _ => reply.body,
    });
    *response.body_mut() = match reply.way {
        Way::Whole => Body::from(body),
        Way::CutOff => Body::from_stream(stream::iter([true, false]).then(move |is_first| {
            let body = body.clone();
            async move {
                if is_first {
                    return Ok(body);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(io::Error::other("the connection is lost"))
            }
        })),
        Way::Endless => Body::from_stream(stream::repeat(Ok::<_, Infallible>(body))),
        Way::Late(pause) => {
            tokio::time::sleep(pause).await;
            Body::from(body)
        }
        Way::Dripping(pause) => Body::from_stream(stream::iter(body).then(move |byte| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, io::Error>(vec![byte])
        })),
    };
    response
}
