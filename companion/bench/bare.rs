//! What the server is measured against: a route of axum alone, which reads the same bodies and drops them.

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("bare is at http://{}/", listener.local_addr()?);
        let route = post(async |body: Bytes| {
            drop(body);
            StatusCode::NO_CONTENT
        });
        axum::serve(listener, Router::new().route("/v1/beacons", route)).await
    })
}
