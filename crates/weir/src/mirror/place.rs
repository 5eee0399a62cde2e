//! One place outside: a bucket, a webhook, a witness.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::json;
use weir_event::Clock;
use weir_event::ids::hex;
use weir_ledger::Published;
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::hash::Hash;
use weir_ledger::tree::note::NOTE_BYTES_MAX;
use weir_ledger::witness::{AddCheckpoint, Answered, read_answer};
use weir_outbound::{Cidr, Client, ClientOptions, Endpoint, OutboundError, Request, Response, header_map};
use weir_protocol::vendors::files::S3Signer;

use crate::config::{Config, Problems};
use crate::receivers::Receiver;

/// Where it is and how it is spoken to.
#[derive(Debug)]
pub(super) struct Place {
    name: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Objects below this path, which is escaped already.
    Bucket(Server, S3Signer, String),
    Webhook(Receiver),
    Witness(Server, CosignerKey),
}

/// Where requests of our own go.
#[derive(Debug)]
struct Server {
    endpoint: Endpoint,
    client: Client,
}

/// What a place answered.
pub(super) enum Said {
    /// It has it now.
    Taken,
    /// It holds this note, and not the one that it was told of.
    Holds(Vec<u8>),
    /// A witness.
    Witness(Answered),
}

/// All places that a configuration names.
pub(super) fn all(config: &Config) -> Result<Vec<Place>, Problems> {
    let mut places = Vec::new();
    let flaw = |path: &str, why: &dyn std::fmt::Display| config.problems(vec![config.problem(path, &why.to_string())]);
    if let Some(of) = &config.ledger.bucket
        && let Some(bucket) = of.bucket.clone()
    {
        let endpoint = Endpoint::parse(of.endpoint.as_str()).map_err(|e| flaw("ledger.bucket.endpoint", &e))?;
        let client = client(&of.allow_addresses).map_err(|e| flaw("ledger.bucket", &e))?;
        let signer = S3Signer::new(&bucket).map_err(|e| flaw("ledger.bucket", &e))?;
        let way = Way::Bucket(Server { endpoint, client }, signer, bucket.path_prefix());
        places.push(Place { name: of.path.clone(), way });
    }
    if let Some(of) = &config.ledger.webhook {
        let client = client(&of.allow_addresses).map_err(|e| flaw("ledger.webhook", &e))?;
        if let Some(receiver) = Receiver::of(of, client).map_err(|e| flaw("ledger.webhook.url", &e))? {
            places.push(Place { name: format!("webhook {}", receiver.endpoint), way: Way::Webhook(receiver) });
        }
    }
    for of in &config.ledger.witnesses {
        let endpoint = Endpoint::parse(of.url.as_str()).map_err(|e| flaw("ledger.witnesses", &e))?;
        let client = client(&of.allow_addresses).map_err(|e| flaw("ledger.witnesses", &e))?;
        let name = format!("witness {}", of.key.name);
        places.push(Place { name, way: Way::Witness(Server { endpoint, client }, of.key.clone()) });
    }
    Ok(places)
}

/// Answers are short, and one that does not come soon comes too late for the others.
fn client(allow_addresses: &[Cidr]) -> Result<Client, OutboundError> {
    let seconds = std::time::Duration::from_secs;
    Client::new(ClientOptions {
        allow_addresses: allow_addresses.to_vec(),
        response_bytes_max: NOTE_BYTES_MAX,
        connect_timeout: seconds(4),
        request_timeout: seconds(8),
        ..ClientOptions::default()
    })
}

impl Place {
    /// As the configuration says it, without a path that could hold a token.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.way {
            Way::Bucket(..) => "bucket",
            Way::Webhook(_) => "webhook",
            Way::Witness(..) => "witness",
        }
    }

    pub(super) fn is_witness(&self) -> bool {
        matches!(self.way, Way::Witness(..))
    }

    /// Whether what it holds shows only when it is told of a head: it then takes it, or says what it holds.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.way, Way::Webhook(_) | Way::Witness(..))
    }

    /// The note that it holds; `None` where it holds none, or says so only when it is told.
    pub(super) async fn held(&self, tree: &str, clock: &dyn Clock) -> Result<Option<Vec<u8>>, &'static str> {
        let Way::Bucket(server, signer, prefix) = &self.way else { return Ok(None) };
        let path = format!("{prefix}{tree}.checkpoint");
        let headers = signed(signer, "GET", &path, clock, &[])?;
        let answer = server.ask(Method::GET, &path, headers, Bytes::new()).await?;
        match answer.status {
            200 => Ok(Some(answer.body.to_vec())),
            404 => Ok(None),
            403 => Err("the bucket refuses to be read: its access key must be allowed to get objects, or is not good"),
            _ => Err("the bucket does not say what it holds"),
        }
    }

    /// Tells it of a head; a witness is asked to cosign it, from the size `old` on.
    pub(super) async fn tell(
        &self,
        tree: &str,
        published: &Published,
        old: u64,
        proof: Vec<Hash>,
        clock: &dyn Clock,
    ) -> Result<Said, &'static str> {
        match &self.way {
            Way::Bucket(server, signer, prefix) => {
                let path = format!("{prefix}{tree}.checkpoint");
                let headers = signed(signer, "PUT", &path, clock, published.note.as_bytes())?;
                let answer = server.ask(Method::PUT, &path, headers, Bytes::from(published.note.clone())).await?;
                if answer.status == 200 { Ok(Said::Taken) } else { Err("the bucket does not take the checkpoint") }
            }
            Way::Webhook(receiver) => {
                let head = &published.head;
                let data = json!({"tree": tree, "origin": head.origin, "size": head.size, "root": hex(&head.root), "note": published.note});
                let body = json!({"type": "weir.checkpoint", "timestamp": clock.now().to_rfc3339(), "data": data});
                let body = Bytes::from(body.to_string());
                // The same head has the same id: a receiver knows a repeated message by it.
                let id = format!("msg_{}_{tree}_{}", head.size, hex(&head.root[..8]));
                let answer = receiver.post(&id, "application/json", body, clock.now()).await.map_err(|_| SILENT)?;
                match answer.status {
                    200..300 => Ok(Said::Taken),
                    409 => Ok(Said::Holds(answer.body.to_vec())),
                    _ => Err("the webhook does not take the checkpoint"),
                }
            }
            Way::Witness(server, key) => {
                let asked = AddCheckpoint { old, proof, note: published.note.clone() };
                let answer =
                    server.ask(Method::POST, "/add-checkpoint", HeaderMap::new(), Bytes::from(asked.text())).await?;
                let answered = read_answer(key, &published.head, old, answer.status, &answer.body);
                Ok(Said::Witness(answered))
            }
        }
    }
}

impl Server {
    async fn ask(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes) -> Result<Response, &'static str> {
        let request = Request { endpoint: &self.endpoint, method, path_and_query: path, headers, body };
        self.client.send(request).await.map_err(|_| SILENT)
    }
}

const SILENT: &str = "it does not answer";

fn signed(
    signer: &S3Signer,
    method: &'static str,
    path: &str,
    clock: &dyn Clock,
    body: &[u8],
) -> Result<HeaderMap, &'static str> {
    header_map(signer.headers(method, path, clock.now(), body)).ok_or("the request cannot be signed")
}
