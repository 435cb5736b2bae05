//! The text of each default, for `gatewayd check`. What has none is not here.

const DEFAULTS: [(&str, &str); 14] = [
    ("GATEWAY_DATA_DIR", "/var/lib/gatewayd"),
    ("GATEWAY_ADMIN_LISTEN", "127.0.0.1:7067"),
    ("GATEWAY_DHCP_GATEWAY", "10.15.3.1"),
    ("GATEWAY_DHCP_SUBNET", "10.15.3.0"),
    ("GATEWAY_DHCP_SUBNET_MASK", "255.255.255.0"),
    ("GATEWAY_DHCP_POOL_START", "10.15.3.20"),
    ("GATEWAY_DHCP_POOL_END", "10.15.3.254"),
    ("GATEWAY_DHCP_MTU", "1450"),
    ("GATEWAY_DHCP_LEASE_TIME", "3600"),
    ("GATEWAY_DHCP_IDENTITY", "hardware-address"),
    ("GATEWAY_NAT", "masquerade"),
    ("LOG_LEVEL", "info"),
    ("GATEWAY_PEER_INSECURE", "no"),
    ("GATEWAY_PEER_ADDRESS", "(GATEWAY_PEER_LISTEN)"),
];

/// A key's default.
pub(super) fn of(key: &str) -> Option<&'static str> {
    let default = DEFAULTS.iter().find(|(name, _)| *name == key);
    default.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::super::options::{KEYS, Options};
    use super::super::settings::Settings;
    use super::*;

    /// What is printed as the default is what is used.
    #[test]
    fn the_defaults_are_those_that_are_used() {
        let required = "GATEWAY_NODE_ID = 1\nGATEWAY_PEER_LISTEN = \"127.0.0.1:7066\"\n";
        let mut all = required.to_owned();
        for (key, text) in DEFAULTS {
            assert!(KEYS.contains(&key), "{key}");
            if !text.starts_with('(') {
                all.push_str(&format!("{key} = {text:?}\n"));
            }
        }
        let settings = |toml: &str| {
            let options = Options::from_toml(toml).expect("TOML");
            format!(
                "{:?}",
                Settings::from_options(options, false).expect("settings")
            )
        };
        assert_eq!(settings(&all), settings(required));
    }
}
