//! A UDP datagram in an IPv4 packet in an Ethernet frame.

use std::net::Ipv4Addr;

use super::{ETHERNET_HEADER, ETHERTYPE_IPV4, MacAddr, checksum, ethernet, ipv4};

const IP_HEADER: usize = ipv4::HEADER;
const UDP_HEADER: usize = 8;
const PROTOCOL_UDP: u8 = 17;

/// Everything about a datagram that a DHCP client cares about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UdpFrame<'a> {
    /// Ethernet source.
    pub src_mac: MacAddr,
    /// Ethernet destination.
    pub dst_mac: MacAddr,
    /// IPv4 source.
    pub src_ip: Ipv4Addr,
    /// IPv4 destination.
    pub dst_ip: Ipv4Addr,
    /// UDP source port.
    pub src_port: u16,
    /// UDP destination port.
    pub dst_port: u16,
    /// What it carries.
    pub payload: &'a [u8],
}

impl<'a> UdpFrame<'a> {
    /// The frame's bytes, with correct checksums. `None` if the payload does not fit a datagram.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let udp_length = u16::try_from(UDP_HEADER + self.payload.len()).ok()?;
        let udp = self.udp_header(udp_length);
        let ip = ipv4::header(PROTOCOL_UDP, self.src_ip, self.dst_ip, udp_length.into())?;
        let packet = [&ip[..], &udp, self.payload].concat();
        Some(ethernet(
            self.dst_mac,
            self.src_mac,
            ETHERTYPE_IPV4,
            &packet,
        ))
    }

    /// Reads a frame; `None` if it is not a whole, unfragmented UDP datagram.
    ///
    /// The UDP checksum is not verified: on a virtual link it may be left to the hardware.
    pub fn decode(frame: &'a [u8]) -> Option<Self> {
        let (header, packet) = frame.split_at_checked(ETHERNET_HEADER)?;
        let (ip, _) = packet.split_at_checked(IP_HEADER)?;
        if header[12..14] != ETHERTYPE_IPV4 || ip[0] >> 4 != 4 || ip[9] != PROTOCOL_UDP {
            return None;
        }
        let is_fragment = u16::from_be_bytes([ip[6], ip[7]]) & 0x3fff != 0;
        if is_fragment {
            return None;
        }
        let ip_length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let options = usize::from(ip[0] & 0x0f) * 4;
        let segment = packet.get(options..ip_length)?;
        let (udp, rest) = segment.split_at_checked(UDP_HEADER)?;
        let udp_length = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
        Some(Self {
            src_mac: MacAddr::from_slice(&header[6..])?,
            dst_mac: MacAddr::from_slice(header)?,
            src_ip: Ipv4Addr::new(ip[12], ip[13], ip[14], ip[15]),
            dst_ip: Ipv4Addr::new(ip[16], ip[17], ip[18], ip[19]),
            src_port: u16::from_be_bytes([udp[0], udp[1]]),
            dst_port: u16::from_be_bytes([udp[2], udp[3]]),
            payload: rest.get(..udp_length.checked_sub(UDP_HEADER)?)?,
        })
    }

    fn udp_header(&self, length: u16) -> [u8; UDP_HEADER] {
        let mut header = [0; UDP_HEADER];
        header[0..2].copy_from_slice(&self.src_port.to_be_bytes());
        header[2..4].copy_from_slice(&self.dst_port.to_be_bytes());
        header[4..6].copy_from_slice(&length.to_be_bytes());
        let length = length.to_be_bytes();
        let pseudo = [
            &self.src_ip.octets()[..],
            &self.dst_ip.octets(),
            &[0, PROTOCOL_UDP, length[0], length[1]],
        ]
        .concat();
        let sum = checksum::internet(&[&pseudo, &header, self.payload]);
        // A computed zero is sent as all ones: zero means "no checksum" (RFC 768).
        let sum = if sum == 0 { 0xffff } else { sum };
        header[6..8].copy_from_slice(&sum.to_be_bytes());
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> UdpFrame<'_> {
        UdpFrame {
            src_mac: MacAddr([2, 0, 0, 0, 0, 1]),
            dst_mac: MacAddr::BROADCAST,
            src_ip: Ipv4Addr::UNSPECIFIED,
            dst_ip: Ipv4Addr::BROADCAST,
            src_port: 68,
            dst_port: 67,
            payload,
        }
    }

    #[test]
    fn round_trip() {
        let sent = frame(b"hello");
        let bytes = sent.encode().expect("fits");
        assert_eq!(UdpFrame::decode(&bytes), Some(sent));
    }

    #[test]
    fn checksums_verify() {
        let bytes = frame(b"odd").encode().expect("fits");
        let (ip, udp) = bytes[ETHERNET_HEADER..].split_at(IP_HEADER);
        assert_eq!(checksum::internet(&[ip]), 0);
        let pseudo = [&ip[12..20], &[0, PROTOCOL_UDP], &udp[4..6]].concat();
        assert_eq!(checksum::internet(&[&pseudo, udp]), 0);
    }

    #[test]
    fn truncated_frames_are_refused() {
        let bytes = frame(b"hello").encode().expect("fits");
        for length in 0..bytes.len() {
            assert_eq!(UdpFrame::decode(&bytes[..length]), None, "{length} bytes");
        }
    }
}
