//! Opening a connection: resolve, check every address, connect to a checked one, TLS. The name is resolved once and the socket goes
//! to the very address that was checked, so a name server that answers differently the second time gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::address::is_admitted;
use crate::{Cidr, Endpoint, NotSent};

/// Addresses of a host that are tried, in the order in which the resolver gave them.
const ADDRESSES_TRIED_MAX: usize = 4;

/// The addresses of a host, some time later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Turns a host name into addresses. Not trusted: what it says is checked.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// The machine's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// A byte stream that counts what was handed to the operating system.
pub(crate) struct Connected {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) written: Arc<AtomicU64>,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) async fn connect(
    endpoint: &Endpoint,
    resolver: &dyn Resolve,
    allowed: &[Cidr],
    tls: &TlsConnector,
    patience: Duration,
) -> Result<Connected, NotSent> {
    let deadline = Instant::now() + patience;
    let addresses = checked_addresses(endpoint, resolver, allowed, deadline).await?;
    let tcp = open(&addresses, endpoint.port(), deadline).await?;
    // Small requests go out at once; failing to set it costs time only.
    let _ = tcp.set_nodelay(true);
    let written = Arc::new(AtomicU64::new(0));
    // Below TLS: what counts is what the operating system took, not what waits in a TLS buffer.
    let counted = Counted { inner: tcp, written: written.clone() };
    if !endpoint.is_tls() {
        return Ok(Connected { stream: Box::new(counted), written });
    }
    let name = endpoint.server_name().ok_or(NotSent::Tls)?;
    match timeout_at(deadline, tls.connect(name, counted)).await {
        Ok(Ok(stream)) => Ok(Connected { stream: Box::new(stream), written }),
        Ok(Err(_)) => Err(NotSent::Tls),
        Err(_) => Err(NotSent::ConnectTimeout),
    }
}

async fn checked_addresses(
    endpoint: &Endpoint,
    resolver: &dyn Resolve,
    allowed: &[Cidr],
    deadline: Instant,
) -> Result<Vec<IpAddr>, NotSent> {
    let found = match endpoint.host().parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => timeout_at(deadline, resolver.resolve(endpoint.host()))
            .await
            .map_err(|_| NotSent::ConnectTimeout)?
            .map_err(|_| NotSent::Resolve)?,
    };
    if found.is_empty() {
        return Err(NotSent::Resolve);
    }
    let admitted: Vec<IpAddr> =
        found.into_iter().filter(|address| is_admitted(*address, allowed)).take(ADDRESSES_TRIED_MAX).collect();
    if admitted.is_empty() { Err(NotSent::AddressRefused) } else { Ok(admitted) }
}

async fn open(addresses: &[IpAddr], port: u16, deadline: Instant) -> Result<TcpStream, NotSent> {
    let mut timed_out = false;
    for (tried, address) in addresses.iter().enumerate() {
        // Each address gets an equal share of the time that is left, so that a dead first one does not use it up.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1).max(1);
        #[expect(clippy::disallowed_methods, reason = "this is weir-outbound: the address was checked above")]
        let opening = TcpStream::connect(SocketAddr::new(*address, port));
        match tokio::time::timeout(share, opening).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(_)) => {}
            Err(_) => timed_out = true,
        }
    }
    Err(if timed_out { NotSent::ConnectTimeout } else { NotSent::Connect })
}

/// Counts written bytes. A write that fails took none.
struct Counted {
    inner: TcpStream,
    written: Arc<AtomicU64>,
}

impl Counted {
    fn count(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(n)) = &result {
            self.written.fetch_add(*n as u64, Ordering::SeqCst);
        }
        result
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.count(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, buffers);
        self.count(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
