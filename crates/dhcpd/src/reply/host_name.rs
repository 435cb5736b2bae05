//! What a host name is (RFC 952, RFC 1123 §2.1, RFC 1035 §2.3.4). Pure.

/// A name in DNS has at most so many characters.
const MAX_NAME: usize = 253;
/// A label has at most so many.
const MAX_LABEL: usize = 63;

/// Whether `name` is one or more labels of letters, digits and hyphens, none of which begins or ends with
/// a hyphen. The underscore is allowed, as dnsmasq does: Windows machines have it. What ipam keeps
/// of a name shows bytes that are not printable as `?`, which is in no host name.
pub(super) fn is_host_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with(['-', '_'])
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_host_name_accepts_names_only() {
        let long = "a".repeat(MAX_LABEL);
        for name in ["vm-1", "BUSY", "vm_1.example.test", "4u", &long] {
            assert!(is_host_name(name), "{name}");
        }
        let longer = format!("{long}a");
        for none in [
            "",
            "BUSY?Bar",
            "M??llers-PC",
            "-vm",
            "vm-",
            "a..b",
            ".",
            "vm.",
            "a/b",
            "a b",
            "_dhcp",
            &longer,
            &[long.as_str(); 4].join("."),
        ] {
            assert!(!is_host_name(none), "{none}");
        }
    }
}
