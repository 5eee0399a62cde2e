//! From `alerts.webhook` and `telemetry.otlp` to what alerts and traces are sent with.

use http::{HeaderMap, HeaderName, HeaderValue};
use weir_outbound::{Cidr, Client, ClientOptions, Endpoint, OutboundError};
use weir_protocol::signing::SigningKeys;

use crate::alerts::push;
use crate::config::{Config, Problems};
use crate::telemetry;

/// An answer of theirs that is longer is none.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where alerts go; `None` where nowhere.
pub(crate) fn webhook(config: &Config) -> Result<Option<push::Target>, Problems> {
    let Some(webhook) = &config.webhook else { return Ok(None) };
    // Checked when it was read; where secrets were left alone nothing is sent.
    let Some(keys) = webhook.secret.reveal().and_then(|text| SigningKeys::parse(text).ok()) else { return Ok(None) };
    let endpoint = Endpoint::parse(&webhook.url).map_err(|e| flaw(config, "alerts.webhook.url", &e))?;
    let client = client(&webhook.allow_addresses).map_err(|e| flaw(config, "alerts.webhook", &e))?;
    Ok(Some(push::Target { endpoint, client, keys }))
}

/// Where traces go; `None` where nowhere.
pub(crate) fn otlp(config: &Config) -> Result<Option<telemetry::Target>, Problems> {
    let Some(otlp) = &config.otlp else { return Ok(None) };
    let endpoint = Endpoint::parse(otlp.endpoint.as_str()).map_err(|e| flaw(config, "telemetry.otlp.endpoint", &e))?;
    let client = client(&otlp.allow_addresses).map_err(|e| flaw(config, "telemetry.otlp", &e))?;
    let mut headers = HeaderMap::new();
    for (name, secret) in &otlp.headers {
        let value = secret.reveal().and_then(|text| HeaderValue::from_str(text).ok());
        if let (Ok(name), Some(mut value)) = (HeaderName::try_from(name), value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    Ok(Some(telemetry::Target { endpoint, client, headers, share: otlp.share }))
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
