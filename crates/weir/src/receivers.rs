//! From `alerts.webhook`, `audit_log.ship` and `telemetry.otlp` to what alerts, acts and traces are sent with.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use weir_event::Millis;
use weir_outbound::{
    Cidr, Client, ClientOptions, Endpoint, NotSent, Request, Response, SendError, header_map, put_headers,
};
use weir_protocol::signing::SigningKeys;
use weir_trail::syslog::Form;

use crate::config::{Config, Problems, ShipWay, Webhook};
use crate::{ship, telemetry};

/// An answer of theirs that is longer is none.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where alerts go; `None` where nowhere.
pub(crate) fn webhook(config: &Config) -> Result<Option<Receiver>, Problems> {
    let Some(webhook) = &config.webhook else { return Ok(None) };
    let client = client(&webhook.allow_addresses, None);
    client.and_then(|client| Receiver::of(webhook, client)).map_err(|e| flaw(config, "alerts.webhook", &e))
}

/// Where traces go; `None` where nowhere.
pub(crate) fn otlp(config: &Config) -> Result<Option<telemetry::Target>, Problems> {
    let Some(otlp) = &config.otlp else { return Ok(None) };
    let endpoint = Endpoint::parse(otlp.endpoint.as_str());
    let endpoint = endpoint.map_err(|e| flaw(config, "telemetry.otlp.endpoint", &e.to_string()))?;
    let client = client(&otlp.allow_addresses, None).map_err(|e| flaw(config, "telemetry.otlp", &e))?;
    let mut headers = HeaderMap::new();
    // Checked when they were read; a secret that was left alone is not sent.
    let known = otlp.headers.iter().filter_map(|(name, secret)| Some((name, secret.reveal()?)));
    put_headers(&mut headers, known);
    Ok(Some(telemetry::Target { endpoint, client, headers, share: otlp.share }))
}

/// Who gets the acts of the audit log.
pub(crate) fn ships(config: &Config) -> Result<Vec<ship::Target>, Problems> {
    let mut targets = Vec::new();
    for (id, from) in &config.ships {
        let path = format!("audit_log.ship.{id}");
        let problem = |what: String| config.problems(vec![config.problem(&path, &format!("`{path}`: {what}"))]);
        let client = || client(&from.allow_addresses, from.root_certificates.as_deref()).map_err(problem);
        let way = match &from.way {
            ShipWay::File(file) => ship::Way::File(file.clone()),
            ShipWay::Local(socket) => ship::Way::Local(socket.clone()),
            ShipWay::Stream(to) => {
                let endpoint = Endpoint::parse_stream(to).map_err(|e| problem(e.to_string()))?;
                ship::Way::Stream { endpoint, client: client()? }
            }
            ShipWay::Webhook(webhook) => match Receiver::of(webhook, client()?).map_err(problem)? {
                Some(receiver) => ship::Way::Webhook(receiver),
                None => continue,
            },
        };
        let form = if from.is_ocsf { Form::Ocsf } else { Form::Weir };
        targets.push(ship::Target { id: id.clone(), form, way });
    }
    Ok(targets)
}

/// A server of the operator's that checks signatures by Standard Webhooks.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where.
    pub endpoint: Endpoint,
    /// Sends to it.
    pub client: Client,
    /// Signs.
    pub keys: SigningKeys,
}

impl Receiver {
    /// One that this client sends to; `None` where secrets were left alone: then nothing is sent.
    pub(crate) fn of(webhook: &Webhook, client: Client) -> Result<Option<Receiver>, String> {
        // Checked when it was read.
        let Some(keys) = webhook.secret.reveal().and_then(|text| SigningKeys::parse(text).ok()) else {
            return Ok(None);
        };
        let endpoint = Endpoint::parse(&webhook.url).map_err(|e| e.to_string())?;
        Ok(Some(Receiver { endpoint, client, keys }))
    }

    /// Posts a body, signed for this moment.
    pub(crate) async fn post(
        &self,
        id: &str,
        content_type: &'static str,
        body: Bytes,
        now: Millis,
    ) -> Result<Response, SendError> {
        let headers = header_map(self.keys.headers(id, now, &body));
        let mut headers = headers.ok_or(SendError::NotSent(NotSent::InvalidRequest))?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let request = Request { endpoint: &self.endpoint, method: Method::POST, path_and_query: "", headers, body };
        self.client.send(request).await
    }
}

/// Certificate authorities beyond the usual ones, from a file that the configuration names.
pub(crate) fn roots(file: Option<&Path>) -> Result<Vec<u8>, String> {
    let Some(file) = file else { return Ok(Vec::new()) };
    std::fs::read(file).map_err(|e| format!("{} cannot be read: {}", file.display(), e.kind()))
}

fn client(allow_addresses: &[Cidr], root_certificates: Option<&Path>) -> Result<Client, String> {
    let options = ClientOptions {
        allow_addresses: allow_addresses.to_vec(),
        extra_roots: roots(root_certificates)?,
        response_bytes_max: ANSWER_BYTES_MAX,
        ..ClientOptions::default()
    };
    Client::new(options).map_err(|e| e.to_string())
}

fn flaw(config: &Config, path: &str, why: &str) -> Problems {
    config.problems(vec![config.problem(path, why)])
}
