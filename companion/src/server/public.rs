//! What everybody may ask for.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, info, info_span};

use super::app::App;
use super::beacons::allow;
use super::connection::empty;
use super::metrics;

/// Sent with every answer, because some of them are pages; `scripts/serve.mjs` sends the same.
const SECURITY: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
         connect-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

const PATIENCE: Duration = Duration::from_secs(10);

/// The routes, and folders of files by their paths.
pub(super) fn router(app: Arc<App>, site: &[(String, PathBuf)]) -> Router {
    let mut router = Router::new()
        .route("/rollout.json", get(rollout))
        .route("/metrics", get(scrape))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(app);
    for (path, folder) in site {
        let files = ServeDir::new(folder);
        router = match path.as_str() {
            "/" => router.fallback_service(files),
            path => router.nest_service(path, files),
        };
    }
    for (name, value) in SECURITY {
        let header = SetResponseHeaderLayer::overriding(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        router = router.layer(header);
    }
    router
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .layer(RequestBodyLimitLayer::new(0))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(|request: &Request| info_span!("request", method = %request.method(), route = route(request.uri().path())))
                .on_request(())
                .on_response(|response: &Response<_>, took: Duration, _: &Span| {
                    info!(status = response.status().as_u16(), ms = took.as_secs_f64() * 1e3, "answered");
                })
                .on_failure(()),
        )
}

/// A path that may stand in a log: one of ours. Others may hold anything.
fn route(path: &str) -> &'static str {
    let known = ["/rollout.json", "/metrics", "/healthz", "/readyz"];
    known.into_iter().find(|route| *route == path).unwrap_or("site")
}

/// The configuration that holds now. It may be kept, and must be asked about each time.
async fn rollout(State(app): State<Arc<App>>, headers: HeaderMap) -> Response<Body> {
    let Ok(origin) = app.origins.check(&headers) else { return empty(StatusCode::FORBIDDEN) };
    let served = app.served();
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == served.etag));
    let mut response = if is_known {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        Response::new(Body::from(served.body.clone()))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&served.etag) {
        headers.insert(header::ETAG, etag);
    }
    allow(response, origin)
}

async fn scrape(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&app))
}

async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    if app.known.load(Relaxed) && !app.stopping.load(Relaxed) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
