//! `POST /v1/beacons`: 204 or a 4xx, never with a body.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::app::App;
use super::connection::{empty, source};
use super::counters::Rejection;
use crate::beacon::MOST_BYTES;

/// Where beacons are sent.
pub(super) const PATH: &str = "/v1/beacons";

/// Takes one batch.
pub(super) async fn answer(app: &App, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let headers = head.headers;
    let origin = match app.origins.check(&headers) {
        Ok(origin) => origin,
        Err(Foreign) => return refuse(app, Rejection::Origin, None),
    };
    let taken = async {
        if !is_text(&headers) {
            return Err(app.intake().reject(Rejection::MediaType));
        }
        let body = read(body).await.map_err(|why| app.intake().reject(why))?;
        if asks_not_to_be_counted(&headers) {
            app.intake().decline();
            return Ok(());
        }
        app.intake().take(source(&headers, peer, app.proxies), &body)
    };
    match taken.await {
        Ok(()) => allow(empty(StatusCode::NO_CONTENT), origin),
        Err(why) => refused(app, why, origin),
    }
}

fn refuse(app: &App, why: Rejection, origin: Option<HeaderValue>) -> Response<Body> {
    let why = app.intake().reject(why);
    refused(app, why, origin)
}

fn refused(app: &App, why: Rejection, origin: Option<HeaderValue>) -> Response<Body> {
    let status = match why {
        Rejection::Malformed | Rejection::Schema | Rejection::Flag => StatusCode::BAD_REQUEST,
        Rejection::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Rejection::Origin => StatusCode::FORBIDDEN,
        Rejection::SourceLimit | Rejection::TotalLimit => StatusCode::TOO_MANY_REQUESTS,
        Rejection::Slow => StatusCode::REQUEST_TIMEOUT,
    };
    let mut response = empty(status);
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, app.intake().until_next_window().into());
    }
    allow(response, origin)
}

/// The whole body. Most come with their head, in one piece, which is then not copied.
async fn read(mut body: Incoming) -> Result<Bytes, Rejection> {
    if body.size_hint().lower() > MOST_BYTES as u64 {
        return Err(Rejection::TooLarge);
    }
    let mut whole = Bytes::new();
    while let Some(frame) = body.frame().await {
        // The client went away, or broke the protocol.
        let Ok(piece) = frame.map_err(|_| Rejection::Malformed)?.into_data() else { continue };
        if whole.len() + piece.len() > MOST_BYTES {
            return Err(Rejection::TooLarge);
        }
        if whole.is_empty() {
            whole = piece;
        } else {
            let mut longer = BytesMut::from(whole);
            longer.extend_from_slice(&piece);
            whole = longer.freeze();
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(whole)
}

/// Text needs no preflight, which pages in the background could not wait for.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("text/plain")
}

/// Whether the browser says Global Privacy Control or Do Not Track; our page does not even send then.
fn asks_not_to_be_counted(headers: &HeaderMap) -> bool {
    ["sec-gpc", "dnt"].into_iter().any(|name| headers.get(name).is_some_and(|value| value == "1"))
}

/// The pages that may send.
pub(super) struct Origins(pub(super) Vec<HeaderValue>);

/// A page of another origin.
pub(super) struct Foreign;

impl Origins {
    /// The origins of `--origin`, as browsers write them: another spelling would never be one of a page.
    pub(super) fn parse(texts: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let plain =
                |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"/?#@*".contains(&byte);
            let is_plain = |part: &str| !part.is_empty() && part.bytes().all(plain);
            let is_origin =
                text.split_once("://").is_some_and(|(scheme, host)| is_plain(scheme) && is_plain(host));
            let value = HeaderValue::from_str(text).ok();
            value.filter(|_| is_origin || text == "null").ok_or_else(|| {
                format!(
                    "--origin {text}, want scheme://host or scheme://host:port in small letters, and no path"
                )
            })
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The origin to be allowed in the answer: one of the list; none is needed for the server's own pages
    /// and for what is no browser.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Foreign> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
        if self.0.contains(origin) {
            return Ok(Some(origin.clone()));
        }
        let own = headers.get(header::HOST).is_some_and(|host| {
            let authority = origin
                .as_bytes()
                .splitn(2, |byte| *byte == b'/')
                .nth(1)
                .and_then(|rest| rest.strip_prefix(b"/"));
            authority == Some(host.as_bytes())
        });
        if own { Ok(None) } else { Err(Foreign) }
    }
}

/// Names the exact origin, if there is one to be named; never with credentials.
pub(super) fn allow(mut response: Response<Body>, origin: Option<HeaderValue>) -> Response<Body> {
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // Without this a page of another origin does not see when it may send again.
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}
