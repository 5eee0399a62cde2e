//! Against real local servers that misbehave. Each says what it reads and writes; the client may say `NotSent` only where the
//! server saw no byte of the request.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::connect::Resolving;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn options() -> ClientOptions {
    ClientOptions {
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
        response_bytes_max: 1_000,
        ..ClientOptions::default()
    }
}

/// Starts a server; `handle` gets each connection and its number from 0.
async fn serve<F, Fut>(handle: F) -> SocketAddr
where
    F: Fn(usize, TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(handle(number, stream));
        }
    });
    address
}

/// Reads one request whole; `None` at the end of the stream.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4_096];
        let n = stream.read(&mut chunk).await.unwrap_or(0);
        if n == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some(text);
            }
        }
    }
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::parse(&format!("http://{address}/base")).unwrap()
}

fn post(endpoint: &Endpoint) -> Request<'_> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Request {
        endpoint,
        method: Method::POST,
        path_and_query: "/track?verbose=1",
        headers,
        body: Bytes::from_static(b"[{}]"),
    }
}

async fn send_to(address: SocketAddr) -> Result<Response, SendError> {
    Client::new(options()).unwrap().send(post(&endpoint(address))).await
}

#[tokio::test]
async fn a_request_has_the_caller_s_headers_and_no_others() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.send(request).unwrap();
                stream.write_all(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Type: text/plain\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\nwait").await.unwrap();
            }
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    let endpoint = endpoint(address);
    for _ in 0..2 {
        let response = client.send(post(&endpoint)).await.unwrap();
        assert_eq!(
            (response.status, response.retry_after, &response.body[..]),
            (429, Some(Duration::from_secs(7)), &b"wait"[..])
        );
        assert_eq!(response.content_type.as_deref(), Some("text/plain"));
        let request = requests.recv().await.unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines.remove(0), "POST /base/track?verbose=1 HTTP/1.1");
        lines.sort_unstable();
        assert_eq!(lines, ["content-length: 4", "content-type: application/json", &format!("host: {address}")]);
        assert_eq!(body, "[{}]");
    }
}

#[tokio::test]
async fn a_request_to_the_endpoint_itself_has_the_path_as_it_was_written() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.send(request).unwrap();
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    for (base, line) in
        [("", "POST / HTTP/1.1"), ("/", "POST / HTTP/1.1"), ("/a", "POST /a HTTP/1.1"), ("/a/", "POST /a/ HTTP/1.1")]
    {
        let endpoint = Endpoint::parse(&format!("http://{address}{base}")).unwrap();
        client.send(Request { path_and_query: "", ..post(&endpoint) }).await.unwrap();
        assert_eq!(requests.recv().await.unwrap().lines().next(), Some(line));
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let address = serve(move |_, mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            while read_request(&mut stream).await.is_some() {
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    let endpoint = endpoint(address);
    for _ in 0..5 {
        assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(send_to(address).await.unwrap_err(), SendError::NotSent(NotSent::Connect));
}

#[tokio::test]
async fn a_connection_closed_after_the_request_was_read_is_unknown() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
    })
    .await;
    assert_eq!(send_to(address).await.unwrap_err(), SendError::Unknown(Unknown::ClosedBeforeAnswer));
}

#[tokio::test]
async fn a_connection_closed_within_the_answer_is_unknown() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
    })
    .await;
    assert_eq!(send_to(address).await.unwrap_err(), SendError::Unknown(Unknown::ClosedMidAnswer));
}

#[tokio::test]
async fn a_connection_closed_within_the_answer_s_head_is_unknown() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await.unwrap();
    })
    .await;
    assert!(matches!(send_to(address).await.unwrap_err(), SendError::Unknown(_)));
}

#[tokio::test]
async fn a_slow_answer_is_unknown() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let client = Client::new(ClientOptions { request_timeout: Duration::from_millis(100), ..options() }).unwrap();
    assert_eq!(client.send(post(&endpoint(address))).await.unwrap_err(), SendError::Unknown(Unknown::Timeout));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_unknown() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"220 mail.example.com ESMTP\r\n\r\n").await.unwrap();
    })
    .await;
    assert_eq!(send_to(address).await.unwrap_err(), SendError::Unknown(Unknown::NotHttp));
}

#[tokio::test]
async fn an_answer_over_the_cap_is_unknown_and_not_read_to_its_end() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"400\r\n").await.is_ok() {
            if stream.write_all(&[b'a'; 1_024]).await.is_err() || stream.write_all(b"\r\n").await.is_err() {
                return;
            }
        }
    })
    .await;
    assert_eq!(send_to(address).await.unwrap_err(), SendError::Unknown(Unknown::AnswerTooLarge));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let count = followed.clone();
    let trap = serve(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let address = serve(move |_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let answer = format!("HTTP/1.1 307 Elsewhere\r\nLocation: http://{trap}/\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    assert_eq!(send_to(address).await.unwrap().status, 307);
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

/// The classic trap, harmless form: the idle connection was closed before we wrote. Nothing is lost and nothing is sent twice.
#[tokio::test]
async fn an_idle_connection_closed_by_the_other_side_costs_nothing() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let (closed, mut was_closed) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |_, mut stream| {
        let (count, closed) = (count.clone(), closed.clone());
        async move {
            read_request(&mut stream).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            stream.write_all(OK).await.unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    let endpoint = endpoint(address);
    for n in 1..=10 {
        // Whether the client has noticed yet or not: a request written to the dead connection would be `Unknown`, and reading the
        // end of the stream comes before writing.
        assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
        was_closed.recv().await.unwrap();
        assert_eq!(served.load(Ordering::SeqCst), n);
    }
}

/// The classic trap, harmful form: the other side takes the second request from the kept connection and closes without an answer.
/// It may have acted on it, so the client does not send it again.
#[tokio::test]
async fn a_request_taken_from_a_kept_connection_is_unknown_and_not_repeated() {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let address = serve(move |_, mut stream| {
        let count = count.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(OK).await.unwrap();
            if read_request(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    let endpoint = endpoint(address);
    assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
    let error = client.send(post(&endpoint)).await.unwrap_err();
    assert_eq!(error, SendError::Unknown(Unknown::ClosedBeforeAnswer));
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_idle_connections_closing_never_lose_or_double_a_request() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let address = serve(move |number, mut stream| {
        let count = count.clone();
        async move {
            // Every connection serves a few requests, then closes with or without saying so.
            for n in 0..=(number % 3) {
                if read_request(&mut stream).await.is_none() {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let last = n == number % 3 && number % 2 == 0;
                let answer: &[u8] =
                    if last { b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" } else { OK };
                if stream.write_all(answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    let client = Client::new(options()).unwrap();
    let endpoint = endpoint(address);
    let mut answered = 0;
    let mut unknown = 0;
    for _ in 0..200 {
        match client.send(post(&endpoint)).await {
            Ok(_) => answered += 1,
            Err(SendError::Unknown(_)) => unknown += 1,
            Err(SendError::NotSent(why)) => panic!("{why:?}"),
        }
    }
    let served = served.load(Ordering::SeqCst);
    assert!(served >= answered && served <= answered + unknown, "{served} {answered} {unknown}");
}

struct Scripted(Mutex<Vec<Vec<IpAddr>>>);

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        let next = self.0.lock().unwrap().remove(0);
        Box::pin(async move { Ok(next) })
    }
}

fn resolving(answers: &[&[&str]]) -> Arc<Scripted> {
    let answers = answers.iter().map(|list| list.iter().map(|text| text.parse().unwrap()).collect()).collect();
    Arc::new(Scripted(Mutex::new(answers)))
}

#[tokio::test]
async fn a_name_that_resolves_to_an_inside_address_is_refused_and_nothing_is_connected() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let address = serve(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let endpoint = Endpoint::parse(&format!("http://vendor.example:{}", address.port())).unwrap();
    for inside in ["127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fd00::1"] {
        let options = ClientOptions { allow_addresses: Vec::new(), ..options() };
        let client = Client::with_resolver(options, resolving(&[&[inside]])).unwrap();
        let error = client.send(post(&endpoint)).await.unwrap_err();
        assert_eq!(error, SendError::NotSent(NotSent::AddressRefused), "{inside}");
    }
    // A literal address is checked like a resolved one.
    let client = Client::new(ClientOptions { allow_addresses: Vec::new(), ..options() }).unwrap();
    let literal = Endpoint::parse(&format!("http://{address}")).unwrap();
    assert_eq!(client.send(post(&literal)).await.unwrap_err(), SendError::NotSent(NotSent::AddressRefused));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// DNS rebinding: the first answer is admitted, the second is not. The name is resolved once for each connection and every answer
/// is checked; the connection goes to the address that was checked, not to the name.
#[tokio::test]
async fn a_name_that_changes_its_address_is_checked_again_for_each_connection() {
    let address = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    })
    .await;
    let endpoint = Endpoint::parse(&format!("http://vendor.example:{}", address.port())).unwrap();
    let options = ClientOptions { allow_addresses: vec!["127.0.0.1".parse().unwrap()], ..options() };
    let resolver = resolving(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.2", "127.0.0.1"]]);
    let client = Client::with_resolver(options, resolver.clone()).unwrap();
    assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
    assert_eq!(client.send(post(&endpoint)).await.unwrap_err(), SendError::NotSent(NotSent::AddressRefused));
    // Of several addresses only the admitted are tried.
    assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
    assert!(resolver.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_without_an_address_is_not_sent() {
    let client = Client::with_resolver(options(), resolving(&[&[]])).unwrap();
    let endpoint = Endpoint::parse("http://vendor.example").unwrap();
    assert_eq!(client.send(post(&endpoint)).await.unwrap_err(), SendError::NotSent(NotSent::Resolve));
}

#[tokio::test]
async fn headers_of_the_connection_and_odd_paths_are_refused() {
    let address = serve(|_, _| async {}).await;
    let endpoint = endpoint(address);
    let client = Client::new(options()).unwrap();
    let refused = SendError::NotSent(NotSent::InvalidRequest);
    for path in ["track", "/a b", "/a\r\nX: y", "http://else.where/"] {
        let request = Request { path_and_query: path, ..post(&endpoint) };
        assert_eq!(client.send(request).await.unwrap_err(), refused, "{path}");
    }
    for name in REFUSED_HEADERS {
        let mut request = post(&endpoint);
        request.headers.insert(name, HeaderValue::from_static("1"));
        assert_eq!(client.send(request).await.unwrap_err(), refused);
    }
}

#[test]
fn nothing_secret_is_printed() {
    let endpoint = Endpoint::parse("https://api.example.com/tok-secret").unwrap();
    let mut request = post(&endpoint);
    request.path_and_query = "/track?token=secret";
    request.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic secret"));
    request.body = Bytes::from_static(b"secret");
    let response = Response { status: 200, retry_after: None, content_type: None, body: Bytes::from_static(b"secret") };
    let client = Client::new(ClientOptions::default()).unwrap();
    assert!(!format!("{request:?} {response:?} {endpoint} {client:?}").contains("secret"));
}

mod over_tls {
    use super::*;
    use rustls::ServerConfig;
    use rustls_pki_types::PrivateKeyDer;
    use tokio_rustls::TlsAcceptor;

    struct Certificate {
        pem: Vec<u8>,
        acceptor: TlsAcceptor,
    }

    fn certificate(name: &str) -> Certificate {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Certificate { pem: made.cert.pem().into_bytes(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    async fn serve_tls(acceptor: TlsAcceptor, answers: bool) -> (SocketAddr, Arc<AtomicUsize>) {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        let address = serve(move |_, stream| {
            let (acceptor, count) = (acceptor.clone(), count.clone());
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                while read_request(&mut stream).await.is_some() {
                    count.fetch_add(1, Ordering::SeqCst);
                    if !answers {
                        return;
                    }
                    write(&mut stream).await;
                }
            }
        })
        .await;
        (address, requests)
    }

    async fn write(stream: &mut (impl AsyncWrite + Unpin)) {
        stream.write_all(OK).await.unwrap();
        stream.flush().await.unwrap();
    }

    fn client(extra_roots: Vec<u8>) -> Client {
        let options = ClientOptions { extra_roots, ..options() };
        Client::with_resolver(options, resolving(&[&["127.0.0.1"], &["127.0.0.1"]])).unwrap()
    }

    #[tokio::test]
    async fn a_known_certificate_with_the_right_name_is_accepted() {
        let vendor = certificate("vendor.example");
        let (address, requests) = serve_tls(vendor.acceptor, true).await;
        let endpoint = Endpoint::parse(&format!("https://vendor.example:{}", address.port())).unwrap();
        let client = client(vendor.pem);
        for _ in 0..3 {
            assert_eq!(client.send(post(&endpoint)).await.unwrap().status, 200);
        }
        assert_eq!(requests.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn an_unknown_certificate_or_another_name_is_not_sent() {
        let vendor = certificate("vendor.example");
        let (address, requests) = serve_tls(vendor.acceptor, true).await;
        let right = Endpoint::parse(&format!("https://vendor.example:{}", address.port())).unwrap();
        let wrong = Endpoint::parse(&format!("https://other.example:{}", address.port())).unwrap();
        let failed = SendError::NotSent(NotSent::Tls);
        assert_eq!(client(Vec::new()).send(post(&right)).await.unwrap_err(), failed);
        assert_eq!(client(certificate("vendor.example").pem).send(post(&right)).await.unwrap_err(), failed);
        assert_eq!(client(vendor.pem).send(post(&wrong)).await.unwrap_err(), failed);
        assert_eq!(requests.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn plain_http_where_tls_is_meant_is_not_sent() {
        let address = serve(|_, mut stream| async move {
            let mut bytes = [0; 512];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(OK).await;
        })
        .await;
        let endpoint = Endpoint::parse(&format!("https://vendor.example:{}", address.port())).unwrap();
        assert_eq!(client(Vec::new()).send(post(&endpoint)).await.unwrap_err(), SendError::NotSent(NotSent::Tls));
    }

    #[tokio::test]
    async fn a_request_taken_over_tls_without_an_answer_is_unknown() {
        let vendor = certificate("vendor.example");
        let (address, requests) = serve_tls(vendor.acceptor, false).await;
        let endpoint = Endpoint::parse(&format!("https://vendor.example:{}", address.port())).unwrap();
        let error = client(vendor.pem).send(post(&endpoint)).await.unwrap_err();
        assert!(matches!(error, SendError::Unknown(_)), "{error:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn extra_roots_that_are_no_certificates_are_an_error() {
        for bad in [&b"not a certificate"[..], b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let made = Client::new(ClientOptions { extra_roots: bad.to_vec(), ..options() });
            assert_eq!(made.unwrap_err(), OutboundError::ExtraRoots);
        }
    }
}

#[tokio::test]
async fn a_stream_is_taken_once_the_other_side_has_read_all_and_ended() {
    let (seen, all) = tokio::sync::mpsc::unbounded_channel();
    let mut all = all;
    let address = serve(move |number, mut stream| {
        let seen = seen.clone();
        async move {
            match number {
                0 => {
                    let mut bytes = Vec::new();
                    stream.read_to_end(&mut bytes).await.unwrap();
                    seen.send(bytes).unwrap();
                }
                // Goes down with bytes unread: the system resets the connection.
                1 => {
                    let mut one = [0; 1];
                    stream.read_exact(&mut one).await.unwrap();
                }
                // Takes everything and says nothing.
                _ => tokio::time::sleep(Duration::from_secs(3_600)).await,
            }
        }
    })
    .await;
    let endpoint = Endpoint::parse_stream(&format!("tcp://{address}")).unwrap();
    let client = Client::new(ClientOptions { request_timeout: Duration::from_millis(500), ..options() }).unwrap();
    client.stream(&endpoint, b"3 one3 two").await.unwrap();
    assert_eq!(all.recv().await.unwrap(), b"3 one3 two");
    assert!(matches!(client.stream(&endpoint, b"3 one3 two").await, Err(SendError::Unknown(_))));
    assert_eq!(client.stream(&endpoint, b"x").await, Err(SendError::Unknown(Unknown::Timeout)));
    let refused = Client::new(ClientOptions { allow_addresses: Vec::new(), ..options() }).unwrap();
    assert_eq!(refused.stream(&endpoint, b"x").await, Err(SendError::NotSent(NotSent::AddressRefused)));
}

#[tokio::test]
async fn a_download_gives_every_piece_and_an_answer_that_is_cut_short_is_an_error() {
    let answers: [&[&[u8]]; 5] = [
        &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", b"3\r\ntwo\r\n0\r\n\r\n"],
        &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"],
        &[b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none"],
        &[b"HTTP/1.1 200 OK\r\n\r\none"],
        &[b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"],
    ];
    let address = serve(move |number, mut stream| async move {
        read_request(&mut stream).await;
        for piece in answers[number] {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
        }
    })
    .await;
    let endpoint: Endpoint = format!("http://{address}").parse().unwrap();
    let client = Client::new(options()).unwrap();
    let mut seen = Vec::new();
    for _ in answers {
        let headers = HeaderMap::new();
        let request =
            Request { endpoint: &endpoint, method: Method::GET, path_and_query: "/x", headers, body: Bytes::new() };
        let mut download = client.download(request).await.unwrap();
        let mut text = Vec::new();
        let end = loop {
            match download.next().await {
                Ok(Some(piece)) => text.extend_from_slice(&piece),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let asked = download.retry_after().map(|wait| wait.as_secs());
        seen.push((download.status(), download.says_its_end(), String::from_utf8(text).unwrap(), end, asked));
    }
    let cut = Err(Unknown::ClosedMidAnswer);
    let expected = [
        (200, true, "onetwo", Ok(()), None),
        (200, true, "one", cut, None),
        (200, true, "one", cut, None),
        // It ends with its connection: nobody can tell whether there was more.
        (200, false, "one", Ok(()), None),
        (429, true, "", Ok(()), Some(7)),
    ];
    assert_eq!(seen, expected.map(|(status, says, text, end, asked)| (status, says, text.to_owned(), end, asked)));
}
