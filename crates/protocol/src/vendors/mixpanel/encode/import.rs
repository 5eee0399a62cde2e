//! The import: its address and authorization.

use crate::body::base64;
use crate::outbound::{ImportCredentials, SetupError};

/// The import's address and authorization.
pub(super) struct Import {
    pub(super) path_and_query: String,
    pub(super) authorization: String,
}

impl Import {
    pub(super) fn new(credentials: &ImportCredentials) -> Result<Import, SetupError> {
        let (user, password) = (credentials.user.reveal(), credentials.password.reveal());
        let is_plain = |text: &str| text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic());
        let project = credentials.project_id.as_deref();
        let is_number = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let is_service_account = !password.is_empty();
        if user.is_empty()
            || user.contains(':')
            || !is_plain(user)
            || !is_plain(password)
            || project.is_some_and(|id| !is_number(id))
            || (is_service_account && project.is_none())
        {
            return Err(SetupError::BadImportCredentials);
        }
        let project = project.map(|id| format!("&project_id={id}")).unwrap_or_default();
        Ok(Import {
            path_and_query: format!("/import?strict=1{project}"),
            authorization: format!("Basic {}", base64::encode(format!("{user}:{password}").as_bytes())),
        })
    }
}
