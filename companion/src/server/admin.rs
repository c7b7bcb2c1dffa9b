//! What an operator may do, with the token, on an address of its own.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::warn;

use super::app::{App, Obstacle};
use super::control::{Cause, Change};
use crate::gate::{Share, Stage};

/// A token of fewer bytes could be guessed.
pub(super) const SHORTEST_TOKEN: usize = 16;
const MOST_BYTES: usize = 4096;
const LONGEST_REASON: usize = 500;

/// The routes; each wants `Authorization: Bearer TOKEN`.
pub(super) fn router(app: Arc<App>, token: &str) -> Router {
    let token: [u8; 32] = Sha256::digest(token).into();
    let watched = app.clone();
    Router::new()
        .route("/admin/state", get(state))
        .route("/admin/audit", get(audit))
        .route("/admin/stage", post(stage))
        .route("/admin/rollback", post(rollback))
        .route("/admin/clear", post(clear))
        .with_state(app)
        .layer(RequestBodyLimitLayer::new(MOST_BYTES))
        .layer(middleware::from_fn(move |headers: HeaderMap, request: Request, next: Next| {
            let app = watched.clone();
            async move {
                if is_token(&headers, &token) {
                    next.run(request).await
                } else {
                    app.denied.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    warn!("an admin request without the token");
                    StatusCode::UNAUTHORIZED.into_response()
                }
            }
        }))
}

/// Compares hashes, in a time that tells neither how much of the token was right nor how long it is.
fn is_token(headers: &HeaderMap, token: &[u8; 32]) -> bool {
    let value = headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    let given: [u8; 32] = Sha256::digest(value.strip_prefix(b"Bearer ").unwrap_or_default()).into();
    given.ct_eq(token).into()
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Target {
    Stage { stage: String },
    Percentage { percentage: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.view())
}

async fn audit(State(app): State<Arc<App>>) -> Response {
    match app.audit().await {
        Ok(lines) => ([(header::CONTENT_TYPE, "application/jsonl")], lines).into_response(),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn stage(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let share = match serde_json::from_slice(&body) {
        Ok(Target::Stage { stage }) => Stage::parse(&stage).map(Stage::share),
        Ok(Target::Percentage { percentage }) => Share::parse(&percentage),
        Err(_) => None,
    };
    let Some(share) = share else {
        let want = r#"want {"stage": "DISABLED" | "TEN_PERCENT" | "FIFTY_PERCENT" | "FULL"} or {"percentage": "0%" to "100%"}"#;
        return failure(StatusCode::BAD_REQUEST, want);
    };
    change(app, Change::Stage(share)).await
}

async fn rollback(State(app): State<Arc<App>>, body: Bytes) -> Response {
    with_reason(app, &body, |reason| Change::RollBack { cause: Cause::Person, reason, numbers: Value::Null })
        .await
}

async fn clear(State(app): State<Arc<App>>, body: Bytes) -> Response {
    with_reason(app, &body, |reason| Change::Clear { reason }).await
}

async fn with_reason(app: Arc<App>, body: &[u8], make: impl FnOnce(String) -> Change) -> Response {
    match serde_json::from_slice(body) {
        Ok(Why { reason }) if (1..=LONGEST_REASON).contains(&reason.len()) => change(app, make(reason)).await,
        _ => failure(StatusCode::BAD_REQUEST, r#"want {"reason": 1 to 500 bytes}"#),
    }
}

async fn change(app: Arc<App>, change: Change) -> Response {
    // A client that goes away must not leave a change half made.
    let (task_app, made) = (app.clone(), async move |app: Arc<App>| app.change(change).await);
    match tokio::spawn(async move { made(task_app).await }).await {
        Ok(Ok(())) => Json(app.view()).into_response(),
        Ok(Err(Obstacle::Conflict(why))) => failure(StatusCode::CONFLICT, why),
        Ok(Err(Obstacle::Store(why))) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "it broke off"),
    }
}

fn failure(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
