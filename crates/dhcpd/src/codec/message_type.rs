//! The messages that a client sends (RFC 2132 §9.6).

use crate::labels::labelled;

labelled! {
    /// Option 53 in a client's message.
    pub enum MessageType {
        /// 1.
        Discover => "discover",
        /// 3.
        Request => "request",
        /// 4.
        Decline => "decline",
        /// 7.
        Release => "release",
        /// 8.
        Inform => "inform",
    }
}

impl MessageType {
    /// The message type with this code, if a client may send it.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Discover),
            3 => Some(Self::Request),
            4 => Some(Self::Decline),
            7 => Some(Self::Release),
            8 => Some(Self::Inform),
            _ => None,
        }
    }
}
