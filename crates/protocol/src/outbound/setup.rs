//! What a destination's configuration says to its encoder, and what is wrong with it.

use std::fmt;
use std::sync::Arc;

use weir_event::Names;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes it in.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an encoder needs to know about its destination.
#[derive(Clone, Debug)]
pub struct DestinationSetup {
    /// The vendor's project token.
    pub token: Secret,
    /// Credentials for the vendor's import of old data, where it has one.
    pub import: Option<ImportCredentials>,
    /// Bytes from which on bodies are compressed; `None` never.
    pub gzip_from_bytes: Option<usize>,
    /// The names, to write paths as keys.
    pub names: Arc<Names>,
    /// How a project of Mixpanel's merges ids; no other vendor reads it.
    pub identity_merge: IdentityMerge,
    /// What only one type of destination reads.
    pub settings: Settings,
}

/// What the configuration says for one type of destination alone: a field for each type that has any.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// Of type `datadog`.
    pub datadog: crate::vendors::datadog::Settings,
    /// Of type `ga4`.
    pub ga4: crate::vendors::ga4::Settings,
    /// Of type `splunk_hec`.
    pub splunk_hec: crate::vendors::splunk_hec::Settings,
    /// Of type `files`.
    pub files: crate::vendors::files::Settings,
    /// Of type `otlp`.
    pub otlp: crate::vendors::otlp::Settings,
}

/// How a Mixpanel project makes one person of several ids. Source: Mixpanel's "Identity Management" pages.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum IdentityMerge {
    /// Simplified ID Merge: an event that has both `$device_id` and `$user_id` links them; `$identify`, `$create_alias` and `$merge`
    /// mean nothing.
    Simplified,
    /// Original ID Merge: `$identify` links an anonymous id, `$merge` and `$create_alias` two ids.
    #[default]
    Original,
    /// No ID merge: `$create_alias` gives an id a second name.
    Legacy,
}

impl DestinationSetup {
    /// Bytes from which on compression pays over a wide-area link.
    pub const GZIP_FROM_BYTES: usize = 1_024;

    /// A setup with a token and nothing else: no import, no compression, no settings.
    pub fn new(token: impl Into<String>, names: &Arc<Names>) -> DestinationSetup {
        DestinationSetup {
            token: Secret::new(token),
            import: None,
            gzip_from_bytes: None,
            names: Arc::clone(names),
            identity_merge: IdentityMerge::default(),
            settings: Settings::default(),
        }
    }
}

/// Credentials of an import.
#[derive(Clone, Debug)]
pub struct ImportCredentials {
    /// A service account, or the project's API secret.
    pub user: Secret,
    /// The service account's secret; empty for an API secret.
    pub password: Secret,
    /// The project, which a service account must name.
    pub project_id: Option<String>,
}

/// What is wrong with a destination's configuration. No variant holds a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetupError {
    /// No such kind.
    #[error("there is no such type of destination")]
    UnknownKind,
    /// No such region.
    #[error("the vendor has no such region")]
    UnknownRegion,
    /// The vendor has no address of its own.
    #[error("this type of destination needs an endpoint")]
    NoEndpoint,
    /// The endpoint is the vendor's, in another region.
    #[error(
        "the endpoint is in the vendor's region {endpoint}, which is not the configured one; change one of the two"
    )]
    RegionMismatch {
        /// The region of the endpoint.
        endpoint: &'static str,
    },
    /// The endpoint is a host of the vendor that takes no events.
    #[error("the endpoint is a host of the vendor that takes no events: remove it, `region` decides the host")]
    NotForEvents,
    /// The token cannot be one.
    #[error("the token is empty or holds characters that no token has")]
    BadToken,
    /// The import credentials are incomplete or cannot be ones.
    #[error("import needs a service account with its secret and project_id, or the project's API secret alone")]
    BadImportCredentials,
    /// A setting of this type, by its name below the destination, and what it has to be.
    #[error("`{0}` has to be {1}")]
    BadSetting(&'static str, &'static str),
    /// The token is no secret of Standard Webhooks.
    #[error(
        "the token is not a signing secret: `whsec_` and the base64 of 24 to 64 random bytes; while it is changed, two with a comma between"
    )]
    BadSigningSecret,
    /// Import credentials for a vendor that has no import of its own.
    #[error("this type of destination takes no import credentials; take `import` out")]
    NoImport,
}
