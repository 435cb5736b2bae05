//! The kernel's tables of sockets, `/proc/net/{tcp,tcp6,udp,udp6}`.
//!
//! A line has the local address (hexadecimal, each 32-bit word in the host's byte order), the remote
//! one, and the state: 0A listens (TCP), 07 is unconnected (UDP).

use ipam::{ForwardKey, Protocol};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

const TABLES: [(&str, Protocol); 4] = [
    ("/proc/net/tcp", Protocol::Tcp),
    ("/proc/net/tcp6", Protocol::Tcp),
    ("/proc/net/udp", Protocol::Udp),
    ("/proc/net/udp6", Protocol::Udp),
];
/// TCP_LISTEN, and what an unconnected UDP socket shows (TCP_CLOSE).
const TCP_LISTENS: &str = "0A";
const UDP_UNCONNECTED: &str = "07";
/// The range of ports from which a program that does not care gets one (Linux's default).
const EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;
/// In that range, and no such port: WireGuard in user space, whose socket has an inode.
const TUNNEL: u16 = 51_820;
const EPHEMERAL_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The ports on which something listens beyond the loopback. A table that cannot be read is empty:
/// IPv6 may be switched off.
pub(super) fn read() -> BTreeSet<ForwardKey> {
    let text = std::fs::read_to_string(EPHEMERAL_FILE).unwrap_or_default();
    let ephemeral = range(&text).unwrap_or(EPHEMERAL);
    let tables = TABLES.iter().map(|(path, protocol)| {
        let table = std::fs::read_to_string(path).unwrap_or_default();
        (table, *protocol)
    });
    tables
        .flat_map(|(table, protocol)| listening(&table, protocol, &ephemeral))
        .collect()
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut words = text.split_whitespace();
    let first = words.next()?.parse().ok()?;
    let last = words.next()?.parse().ok()?;
    Some(first..=last)
}

fn listening(
    table: &str,
    protocol: Protocol,
    ephemeral: &RangeInclusive<u16>,
) -> BTreeSet<ForwardKey> {
    let sockets = table.lines().skip(1).filter_map(socket);
    sockets
        .filter(|socket| socket.listens(protocol, ephemeral))
        .map(|socket| ForwardKey {
            protocol,
            port: socket.port,
        })
        .collect()
}

struct Socket {
    address: IpAddr,
    port: u16,
    state: String,
    inode: u64,
}

impl Socket {
    fn listens(&self, protocol: Protocol, ephemeral: &RangeInclusive<u16>) -> bool {
        if self.port == 0 || self.address.to_canonical().is_loopback() {
            return false;
        }
        match protocol {
            Protocol::Tcp => self.state == TCP_LISTENS,
            // Somebody's question to a name server has an ephemeral port and waits for its answer.
            // The kernel's own sockets (WireGuard, VXLAN) have no inode, and are no such thing.
            Protocol::Udp => {
                self.state == UDP_UNCONNECTED
                    && (self.inode == 0 || self.port == TUNNEL || !ephemeral.contains(&self.port))
            }
        }
    }
}

fn socket(line: &str) -> Option<Socket> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = words.get(1)?.split_once(':')?;
    Some(Socket {
        address: self::address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        state: (*words.get(3)?).to_owned(),
        inode: words.get(9)?.parse().ok()?,
    })
}

fn address(hex: &str) -> Option<IpAddr> {
    let word = |start: usize| {
        let digits = hex.get(start..start + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut octets = [0; 16];
            for (index, part) in octets.chunks_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(octets)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn ports(table: &str, protocol: Protocol) -> Vec<u16> {
        let table = format!("{HEADER}{table}");
        let found = listening(&table, protocol, &EPHEMERAL);
        found.into_iter().map(|key| key.port).collect()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn tcp_listeners_beyond_the_loopback_are_found() {
        let table = "\
   0: 0100007F:1B9B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  998        0 11 1 0 100 0 0 10 0
   1: 00000000:1F46 00000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 12 1 0 100 0 0 10 0
   2: 01001FAC:1B9A 02001FAC:C350 01 00000000:00000000 00:00000000 00000000    0        0 13 1 0 100 0 0 10 0
   3: 01001FAC:1B9A 00000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 14 1 0 100 0 0 10 0
";
        assert_eq!(ports(table, Protocol::Tcp), [7066, 8006]);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn ipv6_listeners_count_and_its_loopbacks_do_not() {
        let table = "\
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 11 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 12 1 0 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 13 1 0 100 0 0 10 0
";
        assert_eq!(ports(table, Protocol::Tcp), [22]);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn udp_servers_are_found_and_questions_are_not() {
        let table = "\
  1: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000    0        0 21 2 0 0
  2: 00000000:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000    0        0 22 2 0 0
  3: 00000000:CA6D 00000000:0000 07 00000000:00000000 00:00000000 00000000    0        0 0 2 0 0
  5: 00000000:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000    0        0 24 2 0 0
  4: 0A030F0A:0043 01020304:0043 01 00000000:00000000 00:00000000 00000000    0        0 23 2 0 0
";
        assert_eq!(ports(table, Protocol::Udp), [53, 51_820, 51_821]);
    }

    #[test]
    fn a_table_of_nonsense_has_no_listeners() {
        for table in ["", "x", "0: zz:yy a b c", "1: 00:00", "\u{0}"] {
            assert_eq!(ports(table, Protocol::Tcp), [0; 0]);
        }
    }
}
