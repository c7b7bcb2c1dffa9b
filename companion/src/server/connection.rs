//! Connections: how many there may be, and how long each may keep us waiting.
//!
//! One coarse clock watches all of them, so that a request costs no timer: each connection has a deadline
//! that the ticker looks at once a second.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, header};
use axum::{Router, http};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower::ServiceExt;
use tracing::warn;

use super::app::{App, lock};
use super::beacons;

/// More connections of the public than these are closed at once.
const MOST: usize = 2000;
/// The same for operators: the public must not be able to lock them out.
pub(super) const MOST_ADMIN: usize = 64;
/// Files that are open for all else: the state, the logs, the shared store, pages.
const OTHER_FILES: usize = 64;
/// A request, its body included, must have come after so many seconds, and the next begun.
const PATIENCE_S: u64 = 10;
/// An answer that is no beacon's may take so many seconds to be made and sent.
const ANSWER_S: u64 = 120;
/// A request's head is smaller than this, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// At the end, what has begun may take so long to be done.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What the ticker sees of one connection.
pub(super) struct Watch {
    /// In seconds of [`Connections::now_s`].
    deadline_s: AtomicU64,
    /// Whether a request is being answered.
    busy: AtomicBool,
}

/// All open connections.
pub(super) struct Connections {
    began: Instant,
    most: usize,
    open: Mutex<HashMap<u64, (Arc<Watch>, AbortHandle)>>,
    next: AtomicU64,
}

/// Takes a connection off the list when it ends, however it ends.
struct Open {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.connections.open).remove(&self.id);
    }
}

/// How many connections of the public there may be: as many as the process may have files, less what
/// others need. A limit that is low, but may be raised, is raised.
pub(super) fn most_public() -> usize {
    let others = (MOST_ADMIN + OTHER_FILES) as u64;
    let (want, limit) = (MOST as u64 + others, getrlimit(Resource::Nofile));
    let raised = limit.maximum.map_or(want, |hard| hard.min(want));
    let current = limit.current.unwrap_or(u64::MAX);
    let files = if current < raised
        && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok()
    {
        raised
    } else {
        current
    };
    if files < want {
        warn!(files, want, "few files may be open: there are fewer connections than there could be");
    }
    files.saturating_sub(others).clamp(1, MOST as u64) as usize
}

/// An answer's body. The connection is idle, and has its deadline, when all of it is handed over.
struct Sent {
    body: Body,
    connections: Arc<Connections>,
    watch: Arc<Watch>,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.watch.deadline_s.store(self.connections.now_s() + PATIENCE_S, Relaxed);
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Connections {
    /// None yet, and never more than so many.
    pub(super) fn new(most: usize) -> Self {
        Self { began: Instant::now(), most, open: Mutex::default(), next: AtomicU64::new(0) }
    }

    fn now_s(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.open).len()
    }

    /// Closes the connections whose deadline has passed; how many of them had a request half sent or
    /// were idle.
    pub(super) fn close_slow(&self) -> usize {
        let now_s = self.now_s();
        let open = lock(&self.open);
        let late = open.values().filter(|(watch, _)| watch.deadline_s.load(Relaxed) < now_s);
        late.map(|(watch, task)| {
            task.abort();
            usize::from(watch.busy.load(Relaxed))
        })
        .sum()
    }

    /// Ends idle connections, and waits for the others' answers.
    pub(super) async fn finish(&self) {
        let began = Instant::now();
        while self.count() > 0 && began.elapsed() < LAST_WORDS {
            for (watch, task) in lock(&self.open).values() {
                if !watch.busy.load(Relaxed) {
                    task.abort();
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Serves a listener's connections until it is dropped.
    pub(super) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        app: Arc<App>,
        router: Router,
        intake: bool,
    ) {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, most likely: others must end first.
                    warn!(error = %error, "no connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            if self.count() >= self.most {
                continue;
            }
            // Answers are one small packet each; waiting for more to send with it would only delay it.
            let _ = stream.set_nodelay(true);
            self.spawn(TokioIo::new(stream), peer, app.clone(), router.clone(), intake);
        }
    }

    fn spawn(
        self: &Arc<Self>,
        io: TokioIo<tokio::net::TcpStream>,
        peer: SocketAddr,
        app: Arc<App>,
        router: Router,
        intake: bool,
    ) {
        let id = self.next.fetch_add(1, Relaxed);
        let watch = Arc::new(Watch {
            deadline_s: AtomicU64::new(self.now_s() + PATIENCE_S),
            busy: AtomicBool::new(false),
        });
        let open = Open { connections: self.clone(), id };
        let (connections, seen) = (self.clone(), watch.clone());
        let task = tokio::spawn(async move {
            let _open = open;
            let service = service_fn(move |request: Request<Incoming>| {
                let (connections, watch, app, router) =
                    (connections.clone(), seen.clone(), app.clone(), router.clone());
                async move {
                    watch.busy.store(true, Relaxed);
                    let is_beacons = intake && is_beacons(&request);
                    let patience_s = if is_beacons { PATIENCE_S } else { ANSWER_S };
                    watch.deadline_s.store(connections.now_s() + patience_s, Relaxed);
                    let mut response = if is_beacons {
                        beacons::answer(&app, peer.ip(), request).await
                    } else {
                        let Ok(answer) = router.oneshot(request.map(Body::new)).await;
                        answer
                    };
                    if app.stopping.load(Relaxed) {
                        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    } else {
                        watch.busy.store(false, Relaxed);
                    }
                    Ok::<_, Infallible>(response.map(|body| Sent { body, connections, watch }))
                }
            });
            let mut http = http1::Builder::new();
            http.max_buf_size(HEAD_BYTES).header_read_timeout(None);
            // What a client did wrong, or that it went away, is nothing to tell.
            let _ = http.serve_connection(io, service).await;
        });
        // The task runs only after this, on the same thread.
        lock(&self.open).insert(id, (watch, task.abort_handle()));
    }
}

/// The one route that does not go through the router: it needs the address, and it must be quick.
fn is_beacons(request: &Request<Incoming>) -> bool {
    request.method() == Method::POST && request.uri().path() == beacons::PATH
}

/// A response without a body.
pub(super) fn empty(status: http::StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The address that a request comes from: the connection's, or what the last `proxies` trusted proxies say.
pub(super) fn source(headers: &http::HeaderMap, peer: IpAddr, proxies: usize) -> IpAddr {
    if proxies == 0 {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let told = hops.len().checked_sub(proxies).and_then(|at| hops[at].parse().ok());
    told.unwrap_or(peer)
}
