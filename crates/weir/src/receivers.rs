//! From `alerts.webhook`, `audit_log.ship` and `telemetry.otlp` to what alerts, acts and traces are sent with.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use weir_event::Millis;
use weir_outbound::{
    Cidr, Client, ClientOptions, Endpoint, NotSent, OutboundError, Request, Response, SendError, header_map,
    put_headers,
};
use weir_protocol::signing::SigningKeys;
use weir_trail::syslog::Form;

use crate::config::{Config, Problems, ShipWay};
use crate::{ship, telemetry};

/// An answer of theirs that is longer is none.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where alerts go; `None` where nowhere.
pub(crate) fn webhook(config: &Config) -> Result<Option<Receiver>, Problems> {
    let Some(webhook) = &config.webhook else { return Ok(None) };
    // Checked when it was read; where secrets were left alone nothing is sent.
    let Some(keys) = webhook.secret.reveal().and_then(|text| SigningKeys::parse(text).ok()) else { return Ok(None) };
    let endpoint = Endpoint::parse(&webhook.url).map_err(|e| flaw(config, "alerts.webhook.url", &e))?;
    let client = client(&webhook.allow_addresses).map_err(|e| flaw(config, "alerts.webhook", &e))?;
    Ok(Some(Receiver { endpoint, client, keys }))
}

/// Where traces go; `None` where nowhere.
pub(crate) fn otlp(config: &Config) -> Result<Option<telemetry::Target>, Problems> {
    let Some(otlp) = &config.otlp else { return Ok(None) };
    let endpoint = Endpoint::parse(otlp.endpoint.as_str()).map_err(|e| flaw(config, "telemetry.otlp.endpoint", &e))?;
    let client = client(&otlp.allow_addresses).map_err(|e| flaw(config, "telemetry.otlp", &e))?;
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
        let client = || {
            let extra_roots = match &from.root_certificates {
                Some(file) => std::fs::read(file)
                    .map_err(|e| problem(format!("{} cannot be read: {}", file.display(), e.kind())))?,
                None => Vec::new(),
            };
            let options = ClientOptions {
                allow_addresses: from.allow_addresses.clone(),
                extra_roots,
                response_bytes_max: ANSWER_BYTES_MAX,
                ..ClientOptions::default()
            };
            Client::new(options).map_err(|e| problem(e.to_string()))
        };
        let way = match &from.way {
            ShipWay::File(file) => ship::Way::File(file.clone()),
            ShipWay::Local(socket) => ship::Way::Local(socket.clone()),
            ShipWay::Stream(to) => {
                let endpoint = Endpoint::parse_stream(to).map_err(|e| problem(e.to_string()))?;
                ship::Way::Stream { endpoint, client: client()? }
            }
            ShipWay::Webhook { url, secret } => {
                // Checked when it was read; where secrets were left alone nothing is sent.
                let Some(keys) = secret.reveal().and_then(|text| SigningKeys::parse(text).ok()) else { continue };
                let endpoint = Endpoint::parse(url).map_err(|e| problem(e.to_string()))?;
                ship::Way::Webhook(Receiver { endpoint, client: client()?, keys })
            }
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

fn client(allow_addresses: &[Cidr]) -> Result<Client, OutboundError> {
    let options = ClientOptions {
        allow_addresses: allow_addresses.to_vec(),
        response_bytes_max: ANSWER_BYTES_MAX,
        ..ClientOptions::default()
    };
    Client::new(options)
}

fn flaw(config: &Config, path: &str, error: &OutboundError) -> Problems {
    config.problems(vec![config.problem(path, &error.to_string())])
}
