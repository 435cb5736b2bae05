//! The three files for mutual TLS between peers: all, or none where the operator says so.

use super::options::Options;
use super::parse;
use super::settings::ConfigError;
use cluster::PeerTls;
use std::net::SocketAddr;

const REMEDY: &str = "GATEWAY_TLS_CA, GATEWAY_TLS_CERT and GATEWAY_TLS_KEY go together: \
                      set all three (`gatewayctl pki` makes the files)";

const OPEN: &str = "without TLS, whoever reaches this address can join the cluster and change \
                    anything. Set GATEWAY_TLS_CA, GATEWAY_TLS_CERT and GATEWAY_TLS_KEY \
                    (`gatewayctl pki` makes the files), or GATEWAY_PEER_INSECURE=yes if nobody but \
                    the nodes reaches it";

/// The files, if the peer port is to have TLS. They are read when the node starts. Beyond the
/// loopback a port without TLS is refused unless the operator says otherwise (S12).
pub(super) fn resolve(
    options: &Options,
    peer_listen: SocketAddr,
) -> Result<Option<PeerTls>, ConfigError> {
    let insecure = super::settings::key(
        "GATEWAY_PEER_INSECURE",
        &options.peer_insecure,
        "no",
        parse::yes_or_no,
    )?;
    let files = [&options.tls_ca, &options.tls_cert, &options.tls_key];
    if files.iter().all(|file| file.is_none()) {
        return if insecure || peer_listen.ip().is_loopback() {
            Ok(None)
        } else {
            Err(ConfigError::Value {
                key: "GATEWAY_PEER_LISTEN",
                value: peer_listen.to_string(),
                reason: OPEN.to_owned(),
            })
        };
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
    use std::net::{IpAddr, Ipv4Addr};

    fn options(ca: Option<&str>, cert: Option<&str>, key: Option<&str>) -> Options {
        Options {
            tls_ca: ca.map(str::to_owned),
            tls_cert: cert.map(str::to_owned),
            tls_key: key.map(str::to_owned),
            ..Options::default()
        }
    }

    const PEERS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(172, 31, 0, 1)), 7066);
    const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7066);

    #[test]
    fn a_port_beyond_the_loopback_is_not_open_by_default() -> Result<(), ConfigError> {
        assert_eq!(resolve(&Options::default(), LOOPBACK)?, None);
        let anywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 7066);
        for address in [PEERS, anywhere] {
            let refused = resolve(&Options::default(), address).map_err(|error| error.to_string());
            assert!(
                refused.as_ref().is_err_and(|text| {
                    text.contains(&address.to_string())
                        && text.contains("GATEWAY_PEER_INSECURE=yes")
                }),
                "{refused:?}"
            );
        }
        let insecure = |text: &str| Options {
            peer_insecure: Some(text.to_owned()),
            ..Options::default()
        };
        assert_eq!(resolve(&insecure("yes"), PEERS)?, None);
        assert!(resolve(&insecure("no"), PEERS).is_err());
        assert!(resolve(&insecure("true"), PEERS).is_err());
        Ok(())
    }

    #[test]
    fn all_three_or_none() -> Result<(), ConfigError> {
        let all = resolve(&options(Some("/ca"), Some("/cert"), Some("/key")), PEERS)?;
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
        let partial = resolve(&options(Some("/ca"), Some("/cert"), None), PEERS);
        let text = partial.map_err(|error| error.to_string());
        assert!(
            text.as_ref()
                .is_err_and(|text| text.starts_with("GATEWAY_TLS_KEY is not set")),
            "{text:?}"
        );
    }
}
