//! Why a datagram could not be parsed: each reason is a metric label.

use crate::labels::labelled;

labelled! {
    /// What is wrong with a datagram. A bad packet is counted, never an error (house rule 11).
    pub enum DropReason {
        /// Fewer bytes than the fixed fields and the cookie.
        TooShort => "too_short",
        /// More bytes than any client may send unfragmented.
        TooLong => "too_long",
        /// `op` is not BOOTREQUEST.
        NotARequest => "not_a_request",
        /// `hlen` is 0, more than 16, or not 6 for Ethernet.
        HardwareLength => "hardware_length",
        /// `chaddr` is all zeros, or a group address: nobody can be answered there.
        HardwareAddress => "hardware_address",
        /// `giaddr` is multicast, broadcast or loopback.
        FixedAddress => "fixed_address",
        /// Not RFC 2131 §3's 99.130.83.99.
        MagicCookie => "magic_cookie",
        /// An option runs past the end of its field.
        OptionOverrun => "option_overrun",
        /// More option instances than any client sends.
        TooManyOptions => "too_many_options",
        /// No option 53: BOOTP, which has no leases.
        MessageTypeMissing => "message_type_missing",
        /// Option 53 is there, but never of one byte.
        MessageTypeLength => "message_type_length",
        /// Option 53 is not a message that a client sends to a server.
        MessageTypeUnknown => "message_type_unknown",
    }
}

impl DropReason {
    /// The same in plain words, with what to do about it.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::TooShort => {
                "the packet is cut off before its options: look at the client, or at what is between"
            }
            Self::TooLong => {
                "the packet is longer than an unfragmented one can be (1472 bytes): make the client \
                 send fewer options"
            }
            Self::NotARequest => {
                "it is a server's message, not a client's: another DHCP server, or a relay that \
                 sends replies here"
            }
            Self::HardwareLength => {
                "its hardware address has a length that its type does not allow: the client's bug"
            }
            Self::HardwareAddress => {
                "its hardware address is all zeros, or a group's: give the machine a proper one"
            }
            Self::FixedAddress => {
                "its relay address is none that can be answered: correct the relay"
            }
            Self::MagicCookie => "it is BOOTP without DHCP's cookie: no lease without DHCP",
            Self::OptionOverrun => {
                "an option runs past the packet's end, so the packet was cut off: look at the client, \
                 or at what is between"
            }
            Self::TooManyOptions => "it has more than 128 options: the client's bug, or an attack",
            Self::MessageTypeMissing => "it is BOOTP, which has no leases: no option 53",
            Self::MessageTypeLength => {
                "its message type (option 53) is not one byte: a client's bug"
            }
            Self::MessageTypeUnknown => {
                "its message type (option 53) is none that a client sends to a server"
            }
        }
    }
}
