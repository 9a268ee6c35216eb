//! What an error of TLS means, and what can be done about it.

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::Error;
use rustls::InvalidMessage;
use rustls::OtherError;

use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Proxy;

/// webpki's name for a certificate of an authority that is shown as a server's own.
pub(super) const AUTHORITY_AS_SERVER: &str = "CaUsedAsEndEntity";

/// The class of an error of TLS: about the server's certificate, or any other.
pub fn class(error: &Error) -> FailureClass {
    match error {
        Error::InvalidCertificate(_)
        | Error::InvalidCertRevocationList(_)
        | Error::NoCertificatesPresented => FailureClass::Certificate,
        _ => FailureClass::Tls,
    }
}

/// An error of TLS for people; rustls shows some as the names of its types.
pub fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the certificate is not signed by anybody this system trusts".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => "the certificate is signed in a way that is not accepted any more".to_owned(),
        Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
            match cause.to_string().as_str() {
                AUTHORITY_AS_SERVER => "the certificate is an authority's own, \
                    as self-signed ones often are, and not a server's"
                    .to_owned(),
                cause => format!("the certificate is not accepted: {cause}"),
            }
        }
        Error::AlertReceived(alert) => format!("the server refused with the alert {alert:?}"),
        other => other.to_string(),
    }
}

/// [`describe`] with its cure, as a failure of its class.
pub fn failure(error: &Error) -> Failure {
    let text = describe(error);
    Failure::new(class(error), cure(error).map_or(text.clone(), |cure| format!("{text}; {cure}")))
}

/// The same of the way to a proxy: whatever is wrong there, it is not the target.
pub fn proxy_failure(proxy: &Proxy, error: &Error) -> Failure {
    let cure = match error {
        Error::InvalidCertificate(_) => "; trust it with --cacert FILE",
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "; is it http:// instead of https://?"
        }
        _ => "",
    };
    let text = format!("TLS with the proxy {proxy}: {}{cure}", describe(error));
    Failure::new(FailureClass::Proxy, text)
}

/// What the user can do about it, where that is known.
pub fn cure(error: &Error) -> Option<&'static str> {
    match error {
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some(
            "aim at a name it shows (--connect-to or --resolve lead it here), name one with --sni, \
             or go on regardless with --insecure",
        ),
        Error::InvalidCertificate(_) => {
            Some("trust it with --cacert FILE, or go on regardless with --insecure")
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Some("it wants a client certificate: give --cert FILE and --key FILE")
        }
        Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied,
        ) => Some("it does not accept the client certificate of --cert"),
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            Some("the two sides have no version of TLS in common: look at --tls-min and --tls-max")
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure) => Some(
            "the server may want a client certificate (--cert, --key) or another version of TLS \
             (--tls-min, --tls-max)",
        ),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            Some("it does not know the name it was asked for: name another with --sni")
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("what answers there does not speak TLS: is the URL http:// instead of https://?")
        }
        _ => None,
    }
}
