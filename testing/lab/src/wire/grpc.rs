//! A gRPC call as bytes on a connection (HTTP/2, RFC 9113), and protobuf fields by hand.
//!
//! For messages that no honest program sends. The answer is not read as HTTP/2.

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What a client sends to call `path` with `message`. Each name and value is shorter than 127 bytes.
pub fn call(path: &str, message: &[u8]) -> Vec<u8> {
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "peer"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    // HPACK: literals that are not indexed.
    let block: Vec<u8> = headers
        .iter()
        .flat_map(|(name, value)| [&[0][..], &text(name), &text(value)].concat())
        .collect();
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let body = [&[0][..], &length.to_be_bytes(), message].concat();
    [
        PREFACE,
        &frame(SETTINGS, 0, 0, &[]),
        &frame(HEADERS, END_HEADERS, 1, &block),
        &frame(DATA, END_STREAM, 1, &body),
    ]
    .concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[text.len() as u8 & 0x7f][..], text.as_bytes()].concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The protobuf field `number` with a number in it.
pub fn number(field: u8, value: u64) -> Vec<u8> {
    [vec![field << 3], varint(value)].concat()
}

/// The protobuf field `number` with bytes, or a message, in it.
pub fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    [
        vec![field << 3 | 2],
        varint(value.len() as u64),
        value.to_vec(),
    ]
    .concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_varints() {
        assert_eq!(number(1, 300), [0x08, 0xac, 0x02]);
        assert_eq!(number(1, u64::MAX).len(), 11);
        assert_eq!(bytes(15, &[7]), [0x7a, 1, 7]);
    }
}
