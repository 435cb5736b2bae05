//! `GATEWAY_DHCP_RELAYS`: the relay agents that a node listens to. Whoever is named speaks for clients,
//! so an address that a client may get, or that is somebody else's already, is refused.

use super::options::Options;
use super::parse;
use super::settings::ConfigError;
use dhcpd::decide::MAX_RELAYS;
use ipam::SubnetConfig;
use std::net::Ipv4Addr;

const KEY: &str = "GATEWAY_DHCP_RELAYS";

/// Parses and checks the relays; none by default.
pub(super) fn resolve(
    options: &Options,
    subnet: &SubnetConfig,
) -> Result<Vec<Ipv4Addr>, ConfigError> {
    let Some(text) = options.dhcp_relays.as_deref() else {
        return Ok(Vec::new());
    };
    let wrong = |reason| ConfigError::Value {
        key: KEY,
        value: text.to_owned(),
        reason,
    };
    let relays = parse::items(text, parse::address).map_err(wrong)?;
    if relays.len() > MAX_RELAYS {
        let given = relays.len();
        return Err(wrong(format!(
            "{given} addresses: at most {MAX_RELAYS} are listened to"
        )));
    }
    for relay in &relays {
        check(*relay, subnet).map_err(|reason| wrong(format!("{relay}: {reason}")))?;
    }
    Ok(relays)
}

fn check(relay: Ipv4Addr, subnet: &SubnetConfig) -> Result<(), String> {
    let is_address = !relay.is_unspecified()
        && !relay.is_multicast()
        && !relay.is_broadcast()
        && !relay.is_loopback();
    if !is_address {
        return Err("a relay has an address of its own".to_owned());
    }
    let excluded = subnet.excluded.iter().any(|range| range.contains(relay));
    if subnet.pool.contains(relay) && !excluded {
        return Err(format!(
            "it is in the pool ({}), so a client may get it, and would then speak for others: give the \
             relay an address outside, or name it in GATEWAY_DHCP_EXCLUDE",
            subnet.pool
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn settings(relays: &str, exclude: Option<&str>) -> Result<Settings, ConfigError> {
        let options = Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some("127.0.0.1:7066".to_owned()),
            dhcp_relays: Some(relays.to_owned()),
            dhcp_exclude: exclude.map(str::to_owned),
            ..Options::default()
        };
        Settings::from_options(options, false)
    }

    #[test]
    fn relays_are_listed_by_their_addresses() -> Result<(), ConfigError> {
        let found = settings("10.15.3.5, 192.0.2.5", None)?.relays;
        let expected = [Ipv4Addr::new(10, 15, 3, 5), Ipv4Addr::new(192, 0, 2, 5)];
        assert_eq!(found, expected);
        assert!(settings("", None)?.relays.is_empty());
        let excluded = settings("10.15.3.30", Some("10.15.3.30"))?.relays;
        assert_eq!(excluded.len(), 1);
        Ok(())
    }

    #[test]
    fn a_clients_address_and_what_is_none_are_refused_with_the_reason() {
        let many = vec!["10.15.3.5"; MAX_RELAYS + 1].join(",");
        for (text, why) in [
            ("10.15.3.30", "pool"),
            ("relay", "expected"),
            ("0.0.0.0", "of its own"),
            ("255.255.255.255", "of its own"),
            (many.as_str(), "at most"),
        ] {
            let error = settings(text, None).map(|settings| settings.relays);
            let error = error.map_err(|error| error.to_string());
            assert!(
                error
                    .as_ref()
                    .is_err_and(|error| error.contains(why) && error.contains(KEY)),
                "{text}: {error:?}"
            );
        }
    }
}
