//! Why a datagram was not even considered: each is a metric label.

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
        /// `giaddr` or `ciaddr` is multicast, broadcast or loopback.
        FixedAddress => "fixed_address",
        /// Not RFC 2131 §3's 99.130.83.99.
        MagicCookie => "magic_cookie",
        /// An option runs past the end of its field.
        OptionOverrun => "option_overrun",
        /// More option instances than any client sends.
        TooManyOptions => "too_many_options",
        /// Option 52 is not 1, 2 or 3, or stands inside a field that it overloads.
        OptionOverload => "option_overload",
        /// An option that we read has a length that its RFC does not allow.
        OptionLength => "option_length",
        /// No option 53: BOOTP, which has no leases.
        MessageTypeMissing => "message_type_missing",
        /// Option 53 is not one byte, or occurs twice.
        MessageTypeLength => "message_type_length",
        /// Option 53 is not a message that a client sends to a server.
        MessageTypeUnknown => "message_type_unknown",
    }
}
