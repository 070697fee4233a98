//! TLS for requests: which certificates are trusted, and who we are ourselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme, version};

use crate::cog::{Args, Lit, OptionGroup, Param, Ty};
use crate::error::{Error, Result};
use crate::start;

/// Options of TLS.
pub(super) static OPTIONS: OptionGroup = OptionGroup {
    name: "tls",
    about: "How connections are secured.",
    params: &[
        Param::bool("verify")
            .default(Lit::Bool(true))
            .about("whether the server's certificate and name are verified; false is warned of at each start, and no redirect to another host is followed then"),
        Param::str("ca_file").optional().about("certificates to trust in place of the system's, in PEM"),
        Param::str("ca_dir").optional().about("a directory of such files"),
        Param::str("cert_file").optional().about("the certificate to show to servers that want one, in PEM, with its chain"),
        Param::str("key_file").optional().about("its private key, in PEM"),
        Param::new("min_version", Ty::Choice(&["1.2", "1.3"])).or("1.2").about("the least version of TLS"),
        Param::str("server_name").optional().about("the name that the server's certificate must be for, in place of the host of the URL"),
    ],
};

/// What the options say.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Tls {
    pub(super) verify: bool,
    ca_file: Option<PathBuf>,
    ca_dir: Option<PathBuf>,
    /// Certificate and key.
    own: Option<(PathBuf, PathBuf)>,
    only_13: bool,
    server_name: Option<ServerName<'static>>,
}

impl Tls {
    /// From the options declared above.
    pub(super) fn of(args: &Args) -> Result<Self> {
        let path = |name: &str| args.opt_str(name).map(PathBuf::from);
        let own = match (path("cert_file"), path("key_file")) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err(Error::option("tls", "takes `cert_file` and `key_file` together")),
        };
        let name = |name: String| {
            ServerName::try_from(name.clone()).map_err(|_| Error::option("tls.server_name", format!("`{name}` is no name of a host")))
        };
        let verify = args.bool("verify");
        let server_name = args.opt_str("server_name").map(name).transpose()?;
        let (ca_file, ca_dir) = (path("ca_file"), path("ca_dir"));
        if !verify && (server_name.is_some() || ca_file.is_some() || ca_dir.is_some()) {
            return Err(Error::option("tls", "says whom to trust, but also not to `verify`"));
        }
        Ok(Self { verify, ca_file, ca_dir, own, only_13: args.str("min_version") == "1.3", server_name })
    }

    /// Reads the files that the options name, while there are rights to.
    ///
    /// # Errors
    /// One cannot be read, or holds nothing of use.
    pub(super) fn open(&self) -> Result<Files> {
        let mut roots = Vec::new();
        let mut files: Vec<PathBuf> = self.ca_file.iter().cloned().collect();
        if let Some(dir) = &self.ca_dir {
            let entries = fs::read_dir(start::path(dir)).map_err(|error| Error::os("read", dir, error))?;
            files.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()));
        }
        for file in &files {
            roots.extend(certificates(file)?);
        }
        if roots.is_empty() && (self.ca_file.is_some() || self.ca_dir.is_some()) {
            return Err(Error::option("tls", "names no certificate to trust"));
        }
        let own = match &self.own {
            None => None,
            Some((cert, key)) => {
                let text = fs::read(start::path(key)).map_err(|error| Error::os("read", key, error))?;
                let read = PrivateKeyDer::from_pem_slice(&text);
                let key = read.map_err(|_| Error::Other(format!("`{}` holds no private key in PEM", key.display())))?;
                Some((certificates(cert)?, key))
            }
        };
        let files = Files { roots, own };
        // What does not fit together is told now rather than at the first request.
        client(self, &files)?;
        Ok(files)
    }
}

/// What the files of the options hold.
#[derive(Debug)]
pub(super) struct Files {
    roots: Vec<CertificateDer<'static>>,
    own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = fs::read(start::path(path)).map_err(|error| Error::os("read", path, error))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text).filter_map(std::result::Result::ok).collect();
    if found.is_empty() { Err(Error::Other(format!("`{}` holds no certificate in PEM", path.display()))) } else { Ok(found) }
}

/// What connections are secured with.
pub(super) fn client(tls: &Tls, files: &Files) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[_] = if tls.only_13 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
    let verifier = Verifier {
        verify: tls.verify,
        name: tls.server_name.clone(),
        own_roots: files.roots.clone(),
        provider: Arc::clone(&provider),
        inner: OnceLock::new(),
    };
    let refused = |error: rustls::Error| Error::option("tls", told(&error));
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).map_err(refused)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match &files.own {
        Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(refused),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// Looks at the certificates of servers as the options say. The system's own are read when the first one is looked at: most scripts
/// never need them.
#[derive(Debug)]
struct Verifier {
    verify: bool,
    name: Option<ServerName<'static>>,
    own_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    inner: OnceLock<std::result::Result<Arc<WebPkiServerVerifier>, String>>,
}

impl Verifier {
    fn inner(&self) -> std::result::Result<&WebPkiServerVerifier, rustls::Error> {
        let made = self.inner.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let certificates =
                if self.own_roots.is_empty() { rustls_native_certs::load_native_certs().certs } else { self.own_roots.clone() };
            roots.add_parsable_certificates(certificates);
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                .build()
                .map_err(|error| error.to_string())
        });
        made.as_deref().map_err(|_| rustls::Error::General("there are no certificates to trust; `tls.ca_file` can name some".into()))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if !self.verify {
            return Ok(ServerCertVerified::assertion());
        }
        let name = self.name.as_ref().unwrap_or(server_name);
        self.inner()?.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// An error of TLS in words.
pub(super) fn told(error: &rustls::Error) -> String {
    let of_certificate = |error: &CertificateError| match error {
        CertificateError::UnknownIssuer => "nobody trusted has signed it".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".into(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another host".into(),
        CertificateError::Other(OtherError(other)) => other.to_string(),
        other => other.to_string(),
    };
    match error {
        rustls::Error::InvalidCertificate(error) => format!("the server's certificate is not accepted: {}", of_certificate(error)),
        rustls::Error::General(text) => text.clone(),
        other => format!("no TLS: {other}"),
    }
}
