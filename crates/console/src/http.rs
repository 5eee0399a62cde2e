//! The console listener: `GET /healthz`, `/readyz` and `/metrics`, nothing else until it has authentication (D19).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};

use crate::metrics::Snapshot;

const CONNECTIONS_MAX: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What is looked at from outside.
pub trait Watched: Send + Sync + 'static {
    /// Why it cannot take events now; empty where it can. Words of ours.
    fn not_ready(&self) -> Vec<&'static str>;

    /// The metrics.
    fn metrics(&self) -> Snapshot;
}

/// A bound listener.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Takes the address; nothing is answered before [`Listener::run`].
    pub async fn bind(address: SocketAddr) -> std::io::Result<Listener> {
        Ok(Listener(TcpListener::bind(address).await?))
    }

    /// Listens on an address that was bound already; nothing is answered before [`Listener::run`].
    pub async fn on(address: TcpSocket) -> std::io::Result<Listener> {
        Ok(Listener(address.listen(CONNECTIONS_MAX as u32)?))
    }

    /// Takes over a socket that listens already; nothing is answered before [`Listener::run`].
    pub async fn inherited(socket: std::net::TcpListener) -> std::io::Result<Listener> {
        Ok(Listener(TcpListener::from_std(socket)?))
    }

    /// A second descriptor of the socket: it listens for as long as one of them is open.
    pub fn second(&self) -> std::io::Result<std::net::TcpListener> {
        Ok(std::os::fd::AsFd::as_fd(&self.0).try_clone_to_owned()?.into())
    }

    /// The address taken, with the port that was free where the configuration said 0.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until `stop` is true. Connections that are open then are dropped: nothing of value is under way here.
    pub async fn run<W: Watched>(self, watched: Arc<W>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let stream = tokio::select! {
                biased;
                () = async { let _ = stop.wait_for(|stop| *stop).await; } => return,
                accepted = self.0.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let watched = Arc::clone(&watched);
            connections.spawn(async move {
                let _place = place;
                let answer = service_fn(|request: Request<Incoming>| {
                    std::future::ready(Ok::<_, Infallible>(answer(&*watched, request.method(), request.uri().path())))
                });
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_header_size(16 * 1024);
                let _ = http.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    }
}

fn answer(watched: &impl Watched, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let (status, kind, body) = match (path, method) {
        ("/healthz" | "/readyz" | "/metrics", m) if m != Method::GET && m != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".to_owned())
        }
        ("/healthz", _) => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        ("/readyz", _) => match watched.not_ready().as_slice() {
            [] => (StatusCode::OK, "text/plain", "ready\n".to_owned()),
            reasons => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("not ready: {}\n", reasons.join(", "))),
        },
        ("/metrics", _) => (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", watched.metrics().text()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "there is /healthz, /readyz and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    struct Fixed(Vec<&'static str>);

    impl Watched for Fixed {
        fn not_ready(&self) -> Vec<&'static str> {
            self.0.clone()
        }

        fn metrics(&self) -> Snapshot {
            Snapshot::default()
        }
    }

    async fn get(reasons: Vec<&'static str>, request: &str) -> String {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_address().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listener.run(Arc::new(Fixed(reasons)), stopped));
        #[expect(clippy::disallowed_methods, reason = "the test is the client")]
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        task.abort();
        text
    }

    #[tokio::test]
    async fn health_readiness_and_metrics_are_served_and_nothing_else() {
        assert!(get(vec![], "GET /healthz").await.starts_with("HTTP/1.1 200"));
        assert!(get(vec![], "GET /readyz").await.ends_with("ready\n"));
        let waiting = get(vec!["recovering", "disk full"], "GET /readyz").await;
        assert!(waiting.starts_with("HTTP/1.1 503") && waiting.ends_with("not ready: recovering, disk full\n"));
        let metrics = get(vec![], "GET /metrics").await;
        assert!(metrics.contains("content-type: text/plain; version=0.0.4"), "{metrics}");
        assert!(metrics.contains("# TYPE weir_events_received_total counter"));
        assert!(get(vec![], "POST /metrics").await.starts_with("HTTP/1.1 405"));
        assert!(get(vec![], "GET /admin").await.starts_with("HTTP/1.1 404"));
    }
}
