//! Unknown keys: which are misspelt, and which belong to other programs.
//!
//! A name that is close to one of our keys is a misspelling. Ignoring it would start a node with a default
//! where the operator has set a value. Variables of the gateway that gatewayd replaces, and of a platform
//! (Kubernetes, Docker), are named in a warning and not used. Values are never shown: some are secrets.

use super::options::KEYS;

/// The variables of the gateway that gatewayd replaces, which gatewayd does not serve.
const INCUMBENT: [&str; 5] = [
    "GATEWAY_API_SECRET",
    "GATEWAY_DHCP_LEASES_DIR",
    "GATEWAY_GRPC_PORT",
    "GATEWAY_METRICS_PORT",
    "GATEWAY_PUBLIC_IP",
];

/// Ours, and not among the options: of the command line, of gatewayctl, of the systemd unit, of the
/// tests.
const ELSEWHERE: [&str; 4] = [
    "GATEWAY_CONFIG",
    "GATEWAY_ADMIN_ADDRESS",
    "GATEWAYD_ARGS",
    "GATEWAYD_BIN_DIR",
];

/// What a key is called where other people's words are used: too far from it to be a slip of the finger.
const OTHER_WORDS: [(&str, &str); 8] = [
    ("GATEWAY_CONFIG_FILE", "GATEWAY_CONFIG"),
    ("GATEWAY_CONFIG_PATH", "GATEWAY_CONFIG"),
    ("GATEWAY_DHCP_GW", "GATEWAY_DHCP_GATEWAY"),
    ("GATEWAY_DHCP_ROUTER", "GATEWAY_DHCP_GATEWAY"),
    ("GATEWAY_UPLINK_DEV", "GATEWAY_UPLINK_INTERFACE"),
    ("GATEWAY_UPLINK_DEVICE", "GATEWAY_UPLINK_INTERFACE"),
    ("GATEWAY_UPLINK_NIC", "GATEWAY_UPLINK_INTERFACE"),
    ("GATEWAY_DHCP_NIC", "GATEWAY_DHCP_INTERFACE"),
];

/// What a name that is no key of ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A slip: this key is meant.
    Slip(&'static str),
    /// Somebody else's, or nobody's: for people, with the reason.
    Foreign(String),
}

/// What the name of an environment variable is; `None` if it is a key, or no business of ours.
pub(super) fn variable(name: &str) -> Option<Unknown> {
    if is_ours(name) {
        return None;
    }
    let upper = normal(name);
    if !upper.starts_with("GATEWAY") {
        // Only what is a letter or two away is meant for us.
        return misspelt(&upper).map(Unknown::Slip);
    }
    let slip = || near(&upper).or_else(|| names_the_file(&upper));
    let known = foreign(&upper, name).or_else(|| slip().map(Unknown::Slip));
    Some(known.unwrap_or_else(|| Unknown::Foreign(unused(name, &upper))))
}

fn unused(name: &str, upper: &str) -> String {
    let hint = alike(upper).map(|key| format!("; did you mean {key}?"));
    let hint = hint.unwrap_or_default();
    format!("{name} is not a key of gatewayd, and is not used{hint}")
}

/// What a key of the configuration file is; `None` if it is a key.
pub(super) fn file_key(name: &str) -> Option<Unknown> {
    if KEYS.contains(&name) {
        return None;
    }
    let upper = normal(name);
    foreign(&upper, name).or_else(|| near(&upper).map(Unknown::Slip))
}

fn is_ours(name: &str) -> bool {
    KEYS.contains(&name) || ELSEWHERE.contains(&name)
}

/// Without the file, all that it says would be left at its default.
fn names_the_file(upper: &str) -> Option<&'static str> {
    const FILE: &str = "GATEWAY_CONFIG";
    (distance(upper, FILE) <= 2).then_some(FILE)
}

/// Names are compared in capitals, with underscores. A byte order mark is none of the name.
fn normal(name: &str) -> String {
    name.trim_start_matches('\u{feff}')
        .trim()
        .to_ascii_uppercase()
        .replace(['-', '.', ' '], "_")
}

fn foreign(upper: &str, name: &str) -> Option<Unknown> {
    if INCUMBENT.contains(&upper) {
        return Some(Unknown::Foreign(format!(
            "{name} is a key of vps-gateway, which gatewayd does not serve: it is not used"
        )));
    }
    is_platforms(upper).then(|| {
        Unknown::Foreign(format!(
            "{name} looks like Kubernetes' or Docker's own, made for a service of that name: it is \
             not used"
        ))
    })
}

/// Kubernetes and Docker describe each service NAME by NAME_SERVICE_HOST, NAME_PORT,
/// NAME_PORT_53_UDP_ADDR and the like.
fn is_platforms(upper: &str) -> bool {
    let words: Vec<&str> = upper.split('_').collect();
    let service = words
        .windows(2)
        .skip(1)
        .any(|pair| pair == ["SERVICE", "HOST"] || pair == ["SERVICE", "PORT"]);
    let port = words.windows(3).skip(1).any(|triple| {
        triple[0] == "PORT"
            && triple[1].parse::<u16>().is_ok()
            && matches!(triple[2], "TCP" | "UDP" | "SCTP")
    });
    let bare_port = words.len() == 2 && words[1] == "PORT";
    service || port || bare_port
}

/// The key that is meant, if one is close enough.
fn near(upper: &str) -> Option<&'static str> {
    let mut others = OTHER_WORDS.into_iter();
    let in_other_words = others.find(|(other, _)| *other == upper);
    in_other_words
        .map(|(_, key)| key)
        .or_else(|| misspelt(upper))
        .or_else(|| same_words(upper))
        .or_else(|| abbreviated(upper))
}

/// The closest key, if it is a few letters away.
fn misspelt(upper: &str) -> Option<&'static str> {
    let ours = KEYS.iter().filter(|key| key.starts_with("GATEWAY_"));
    let distances = ours.map(|key| (distance(upper, key), *key));
    let (distance, key) = distances.min()?;
    (distance <= allowed(key)).then_some(key)
}

/// How many letters may be wrong: fewer in a short name, where other words are as close.
fn allowed(key: &str) -> usize {
    match key.len() - "GATEWAY_".len() {
        0..=4 => 1,
        5..=12 => 2,
        _ => 3,
    }
}

/// A key of which words are left out, or to which words are added: `GATEWAY_POOL_START`,
/// `GATEWAY_LOG_LEVEL`, `GATEWAY_DHCP_DNS_SERVERS`.
fn same_words(upper: &str) -> Option<&'static str> {
    let words = words(upper);
    let contained = |small: &[&str], large: &[&str]| small.iter().all(|word| large.contains(word));
    let candidates = KEYS.iter().filter(|key| {
        let theirs = self::words(key);
        let fewer = words.len() > 1 && contained(&words, &theirs);
        fewer || (theirs.len() > 1 && contained(&theirs, &words))
    });
    // Of several, the one that has the fewest words more or less.
    candidates
        .copied()
        .min_by_key(|key| self::words(key).len().abs_diff(words.len()))
}

/// A key of several words of which some are cut short, or written out: `GATEWAY_UPLINK_IFACE`,
/// `GATEWAY_PEER_ADDR`, `GATEWAY_TLS_CERTIFICATE`.
fn abbreviated(upper: &str) -> Option<&'static str> {
    let words = words(upper);
    let is_meant = |key: &&&str| {
        let theirs = self::words(key);
        let mut pairs = words.iter().zip(&theirs);
        words.len() > 1
            && words.len() == theirs.len()
            && words.iter().any(|word| theirs.contains(word))
            && pairs.all(|(a, b)| is_short_for(a, b) || is_short_for(b, a))
    };
    let meant = KEYS.iter().filter(is_meant).copied();
    meant.min_by_key(|key| key.len().abs_diff(upper.len()))
}

/// Whether `short` has letters of `long` in their order, its first one first.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.bytes();
    let same_start = short.as_bytes().first() == long.as_bytes().first();
    short.len() > 1
        && same_start
        && short
            .bytes()
            .all(|letter| letters.any(|other| other == letter))
}

/// A key that has at least half of the words, for a hint.
fn alike(upper: &str) -> Option<&'static str> {
    let words = words(upper);
    let shared = |key: &str| {
        let theirs = self::words(key);
        words.iter().filter(|word| theirs.contains(word)).count()
    };
    let best = KEYS.iter().copied().max_by_key(|key| shared(key))?;
    (!words.is_empty() && shared(best) * 2 >= words.len()).then_some(best)
}

fn words(name: &str) -> Vec<&str> {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .filter(|word| !matches!(*word, "GATEWAY" | "GATEWAYD"))
        .collect()
}

/// How many letters must be changed, added, left out, or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_slip(name: &str, meant: &'static str) {
        assert_eq!(variable(name), Some(Unknown::Slip(meant)), "{name}");
    }

    #[track_caller]
    fn assert_foreign(name: &str) {
        let what = variable(name);
        assert!(
            matches!(what, Some(Unknown::Foreign(_))),
            "{name}: {what:?}"
        );
    }

    #[test]
    fn keys_are_known() {
        for name in KEYS.iter().chain(&ELSEWHERE) {
            assert_eq!(variable(name), None, "{name}");
        }
        for name in ["PATH", "HOME", "GATE", "LOG_LEVEL_FILTER", "RUST_LOG", ""] {
            assert_eq!(variable(name), None, "{name}");
        }
    }

    #[test]
    fn a_slip_names_the_key_that_is_meant() {
        for (name, meant) in [
            ("GATEWAY_DHCP_POOL_STRT", "GATEWAY_DHCP_POOL_START"),
            ("GATEWAY_DHCP_POOL_ENDS", "GATEWAY_DHCP_POOL_END"),
            ("GATEWAY_DHCP_DSN", "GATEWAY_DHCP_DNS"),
            ("GATEWAY_NODEID", "GATEWAY_NODE_ID"),
            ("GATEWAY_DHCP-DNS", "GATEWAY_DHCP_DNS"),
            ("gateway_dhcp_pool_start", "GATEWAY_DHCP_POOL_START"),
            ("GATEWAYD_NODE_ID", "GATEWAY_NODE_ID"),
            ("GATWAY_NODE_ID", "GATEWAY_NODE_ID"),
            ("GATEWAY_NET", "GATEWAY_NAT"),
            ("GATEWAY_POOL_START", "GATEWAY_DHCP_POOL_START"),
            ("GATEWAY_LOG_LEVEL", "LOG_LEVEL"),
            ("GATEWAY_DHCP_DNS_SERVERS", "GATEWAY_DHCP_DNS"),
            ("\u{feff}GATEWAY_NAT", "GATEWAY_NAT"),
        ] {
            assert_slip(name, meant);
        }
    }

    /// Each starts a node with a default where the operator wrote a value.
    #[test]
    fn a_word_cut_short_or_of_other_people_names_the_key_that_is_meant() {
        for (name, meant) in [
            ("GATEWAY_UPLINK_IFACE", "GATEWAY_UPLINK_INTERFACE"),
            ("GATEWAY_UPLINK_IF", "GATEWAY_UPLINK_INTERFACE"),
            ("GATEWAY_UPLINK_NIC", "GATEWAY_UPLINK_INTERFACE"),
            ("GATEWAY_DHCP_IFACE", "GATEWAY_DHCP_INTERFACE"),
            ("GATEWAY_PEER_ADDR", "GATEWAY_PEER_ADDRESS"),
            ("GATEWAY_TLS_CERTIFICATE", "GATEWAY_TLS_CERT"),
            ("GATEWAY_PROTECTED_PORT", "GATEWAY_PROTECTED_PORTS"),
            ("GATEWAY_DHCP_ROUTER", "GATEWAY_DHCP_GATEWAY"),
            ("GATEWAY_CONFIG_FILE", "GATEWAY_CONFIG"),
            ("GATEWAY_CONFG", "GATEWAY_CONFIG"),
        ] {
            assert_slip(name, meant);
        }
    }

    #[test]
    fn the_incumbents_and_a_platforms_are_named() {
        for name in INCUMBENT {
            assert_foreign(name);
        }
        for name in [
            "GATEWAY_SERVICE_HOST",
            "GATEWAY_SERVICE_PORT",
            "GATEWAY_SERVICE_PORT_DHCP",
            "GATEWAY_PORT",
            "GATEWAY_PORT_7067_TCP",
            "GATEWAY_PORT_67_UDP_ADDR",
            "GATEWAYD_SERVICE_HOST",
            "GATEWAY_DHCP_SERVICE_HOST",
            "GATEWAY_NAT_PORT_80_TCP_PROTO",
            "GATEWAY_SOMETHING_ELSE",
        ] {
            assert_foreign(name);
        }
    }

    #[test]
    fn what_is_a_word_away_is_hinted_at() {
        for (name, meant) in [
            ("GATEWAY_UPLINK", "GATEWAY_UPLINK_INTERFACE"),
            ("GATEWAY_DNS", "GATEWAY_DHCP_DNS"),
        ] {
            let Some(Unknown::Foreign(text)) = variable(name) else {
                panic!("{name}");
            };
            assert!(text.ends_with(&format!("did you mean {meant}?")), "{text}");
        }
    }

    #[test]
    fn in_a_file_a_slip_is_a_slip_too() {
        assert_eq!(
            file_key("GATEWAY_DHCP_POOL_STRT"),
            Some(Unknown::Slip("GATEWAY_DHCP_POOL_START"))
        );
        assert_eq!(
            file_key("pool_start"),
            Some(Unknown::Slip("GATEWAY_DHCP_POOL_START"))
        );
        assert!(matches!(
            file_key("GATEWAY_GRPC_PORT"),
            Some(Unknown::Foreign(_))
        ));
        assert_eq!(file_key("GATEWAY_NODE_ID"), None);
    }

    #[test]
    fn neighbours_that_changed_places_are_one_slip() {
        assert_eq!(distance("DSN", "DNS"), 1);
        assert_eq!(distance("", "DNS"), 3);
        assert_eq!(distance("STRT", "START"), 1);
    }
}
