//! TLS on the ingest address: certificate and key from PEM files, read again when they change or on SIGHUP. A bad pair keeps the
//! old one in use and says so.

pub mod expiry;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use weir_event::Millis;
use weir_event::log::{Field, Level, emit};

use crate::config::TlsFiles;

/// Certificates in one file. Source: public chains have two to four.
const CHAIN_MAX: usize = 16;
/// A PEM file longer than this is a wrong file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What is wrong with a certificate or a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{file} cannot be read: {kind}")]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// No certificate where one should be.
    #[error("{file} holds no certificate in PEM form, or more than {CHAIN_MAX}")]
    NoCertificate {
        /// Which file.
        file: PathBuf,
    },
    /// No key where one should be.
    #[error("{file} holds no private key in PEM form (PKCS#8, PKCS#1 or SEC1, without a passphrase)")]
    NoKey {
        /// Which file.
        file: PathBuf,
    },
    /// They do not go together, or are of a kind that is not spoken.
    #[error("certificate {certificate} and key {key} cannot be used together: use a pair issued for each other")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        #[source]
        source: rustls::Error,
    },
}

/// A certificate that can be exchanged while connections use it.
pub struct Tls {
    files: RwLock<TlsFiles>,
    current: RwLock<Pair>,
    seen: Mutex<Seen>,
}

/// A pair in use.
struct Pair {
    acceptor: TlsAcceptor,
    ends: Option<Millis>,
}

type Seen = [Option<(SystemTime, u64)>; 2];

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the pair.
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let seen = look(&files);
        let current = RwLock::new(read(&files)?);
        Ok(Tls { files: RwLock::new(files), current, seen: Mutex::new(seen) })
    }

    /// What the next connection is accepted with.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).acceptor.clone()
    }

    /// When the first certificate of the chain that ends ends.
    pub fn certificate_ends(&self) -> Option<Millis> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).ends
    }

    /// Reads the pair from `files`, from now on. On an error the old one stays in use.
    pub fn reload(&self, files: TlsFiles) -> Result<(), TlsError> {
        // Looked at before it is read: a change in between is seen the next time.
        let seen = look(&files);
        let fresh = read(&files);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        let fresh = fresh?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = files;
        Ok(())
    }

    /// Reads the pair again if a file has changed. To be called every few seconds; a bad pair is reported once per change.
    pub fn reload_if_changed(&self) {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner).clone();
        if look(&files) == *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        let file = Field::Ours(files.certificate.clone());
        match self.reload(files) {
            Ok(()) => emit(Level::Info, "certificate reloaded", &[("file", file)]),
            Err(_) => emit(
                Level::Error,
                "certificate changed and cannot be used; the old one stays: run `weir doctor`",
                &[("file", file)],
            ),
        }
    }
}

fn look(files: &TlsFiles) -> Seen {
    let one = |file: &Path| {
        let meta = std::fs::metadata(file).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    [one(&files.certificate), one(&files.key)]
}

fn read(files: &TlsFiles) -> Result<Pair, TlsError> {
    let (certificate, key) = (read_file(&files.certificate)?, zeroize::Zeroizing::new(read_file(&files.key)?));
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&certificate).take(CHAIN_MAX + 1).collect::<Result<_, _>>().unwrap_or_default();
    if chain.is_empty() || chain.len() > CHAIN_MAX {
        return Err(TlsError::NoCertificate { file: files.certificate.clone() });
    }
    let ends = chain.iter().filter_map(|certificate| expiry::ends(certificate)).min();
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| TlsError::NoKey { file: files.key.clone() })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let unusable =
        |source| TlsError::Unusable { certificate: files.certificate.clone(), key: files.key.clone(), source };
    let config = builder.and_then(|b| b.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Pair { acceptor: TlsAcceptor::from(Arc::new(config)), ends })
}

fn read_file(file: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |kind| TlsError::Unreadable { file: file.to_owned(), kind };
    let size = std::fs::metadata(file).map_err(|e| unreadable(e.kind()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge));
    }
    std::fs::read(file).map_err(|e| unreadable(e.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair {
        certificate: String,
        key: String,
        der: Vec<u8>,
    }

    fn pair() -> Pair {
        let made = rcgen::generate_simple_self_signed(vec!["events.example.com".to_owned()]).unwrap();
        Pair { certificate: made.cert.pem(), key: made.signing_key.serialize_pem(), der: made.cert.der().to_vec() }
    }

    fn write(folder: &Path, pair: &Pair) -> TlsFiles {
        let files = TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, &pair.certificate).unwrap();
        std::fs::write(&files.key, &pair.key).unwrap();
        files
    }

    /// What a client is shown, trusting only `trusted`; `None` where the handshake fails.
    async fn shown(tls: &Tls, trusted: &Pair) -> Option<Vec<u8>> {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(trusted.der.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "events.example.com".try_into().unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let (connected, _) = tokio::join!(connector.connect(name, client), tls.acceptor().accept(server));
        let stream = connected.ok()?;
        stream.get_ref().1.peer_certificates().map(|chain| chain[0].to_vec())
    }

    #[tokio::test]
    async fn a_new_pair_is_taken_and_a_bad_one_keeps_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (pair(), pair());
        let files = write(folder.path(), &first);
        let tls = Tls::load(files.clone()).unwrap();
        assert_eq!(shown(&tls, &first).await, Some(first.der.clone()));

        // Half of a renewal: the new certificate with the old key.
        std::fs::write(&files.certificate, &second.certificate).unwrap();
        assert!(matches!(tls.reload(files.clone()), Err(TlsError::Unusable { .. })));
        assert_eq!(shown(&tls, &first).await, Some(first.der.clone()), "the old one stays");

        std::fs::write(&files.key, &second.key).unwrap();
        tls.reload(files).unwrap();
        assert_eq!(shown(&tls, &second).await, Some(second.der.clone()));
        assert_eq!(shown(&tls, &first).await, None);
    }

    #[tokio::test]
    async fn a_change_of_the_files_is_seen_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (pair(), pair());
        let tls = Tls::load(write(folder.path(), &first)).unwrap();
        let files = write(folder.path(), &second);
        // The same second and the same length must not hide it: the time is set apart.
        let later = std::fs::metadata(&files.key).unwrap().modified().unwrap() + std::time::Duration::from_secs(5);
        std::fs::File::options().write(true).open(&files.key).unwrap().set_modified(later).unwrap();
        tls.reload_if_changed();
        assert_eq!(shown(&tls, &second).await, Some(second.der.clone()));
    }

    #[test]
    fn what_is_wrong_with_a_pair_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let good = pair();
        let files = write(folder.path(), &good);
        std::fs::write(&files.certificate, "no certificate").unwrap();
        assert!(matches!(Tls::load(files.clone()), Err(TlsError::NoCertificate { .. })));
        std::fs::write(&files.certificate, &good.certificate).unwrap();
        std::fs::write(&files.key, &good.certificate).unwrap();
        assert!(matches!(Tls::load(files.clone()), Err(TlsError::NoKey { .. })));
        std::fs::remove_file(&files.key).unwrap();
        assert!(matches!(Tls::load(files), Err(TlsError::Unreadable { .. })));
    }
}
