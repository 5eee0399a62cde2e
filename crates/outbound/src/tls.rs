//! TLS by rustls with ring: Mozilla's roots, plus those that the operator gives. No system store, so that a machine's extra roots do
//! not silently extend whom we trust.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use crate::OutboundError;

/// One that offers HTTP/1.1, and one that offers no protocol, for streams of bytes.
pub(crate) fn connectors(extra_roots: &[u8]) -> Result<[TlsConnector; 2], OutboundError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut extra = 0;
    for certificate in CertificateDer::pem_slice_iter(extra_roots) {
        roots.add(certificate.map_err(|_| OutboundError::ExtraRoots)?).map_err(|_| OutboundError::ExtraRoots)?;
        extra += 1;
    }
    if extra == 0 && !extra_roots.is_empty() {
        return Err(OutboundError::ExtraRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        // Cannot fail: the provider has suites for both versions.
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let bytes = TlsConnector::from(Arc::new(config.clone()));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok([TlsConnector::from(Arc::new(config)), bytes])
}
