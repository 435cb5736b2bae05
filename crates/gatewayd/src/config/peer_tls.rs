//! The three files for mutual TLS between peers: all, or none.

use super::options::Options;
use super::settings::ConfigError;
use cluster::PeerTls;

const REMEDY: &str = "GATEWAY_TLS_CA, GATEWAY_TLS_CERT and GATEWAY_TLS_KEY go together: \
                      set all three, or none for a peer port without TLS";

/// The files, if the peer port is to have TLS. They are read when the node starts.
pub(super) fn resolve(options: &Options) -> Result<Option<PeerTls>, ConfigError> {
    let files = [&options.tls_ca, &options.tls_cert, &options.tls_key];
    if files.iter().all(|file| file.is_none()) {
        return Ok(None);
    }
    let required = |key, file: &Option<String>| {
        let missing = ConfigError::Missing {
            key,
            remedy: REMEDY,
        };
        file.as_deref().map(Into::into).ok_or(missing)
    };
    Ok(Some(PeerTls {
        ca: required("GATEWAY_TLS_CA", &options.tls_ca)?,
        certificate: required("GATEWAY_TLS_CERT", &options.tls_cert)?,
        key: required("GATEWAY_TLS_KEY", &options.tls_key)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(ca: Option<&str>, cert: Option<&str>, key: Option<&str>) -> Options {
        Options {
            tls_ca: ca.map(str::to_owned),
            tls_cert: cert.map(str::to_owned),
            tls_key: key.map(str::to_owned),
            ..Options::default()
        }
    }

    #[test]
    fn all_three_or_none() -> Result<(), ConfigError> {
        assert_eq!(resolve(&Options::default())?, None);
        let all = resolve(&options(Some("/ca"), Some("/cert"), Some("/key")))?;
        let expected = PeerTls {
            ca: "/ca".into(),
            certificate: "/cert".into(),
            key: "/key".into(),
        };
        assert_eq!(all, Some(expected));
        Ok(())
    }

    #[test]
    fn a_part_is_refused_and_the_missing_key_named() {
        let partial = resolve(&options(Some("/ca"), Some("/cert"), None));
        let text = partial.map_err(|error| error.to_string());
        assert!(
            text.as_ref()
                .is_err_and(|text| text.starts_with("GATEWAY_TLS_KEY is not set")),
            "{text:?}"
        );
    }
}
