//! A request's body: it has to come in time, and to be of a [`shape`] that peers send.
//!
//! A call but for snapshots is taken whole before it is decoded. A snapshot's stream is looked at as it
//! passes: each message is a header of a bounded length, or data and nothing else.

use crate::limits::{MAX_MESSAGE_BYTES, MAX_SMALL_MESSAGE_BYTES, REQUEST_IDLE, REQUEST_TIMEOUT};
use crate::shape::{self, PREFIX, announced};
use crate::transport::transfer_limit;
use api::shape::varint;
use futures::StreamExt;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, http};

const SNAPSHOTS: &str = "/InstallSnapshot";
/// Protobuf's tags of `SnapshotChunk.header` and `SnapshotChunk.data`.
const HEADER: u8 = 1 << 3 | 2;
const DATA: u8 = 2 << 3 | 2;

/// Why a body is refused: under which name it is counted, and what the caller is told.
pub(super) struct Refused(pub(super) &'static str, pub(super) Status);

/// The request with its body checked. Its first byte must come within `begins`, more of it within each
/// [`REQUEST_IDLE`], and all of it within [`REQUEST_TIMEOUT`], or longer if its size takes longer on a narrow way.
pub(super) async fn checked(
    request: http::Request<Body>,
    begins: Duration,
) -> Result<http::Request<Body>, Refused> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let body = if path.ends_with(SNAPSHOTS) {
        snapshot(body)
    } else {
        Body::new(Full::new(whole(path, body, begins).await?))
    };
    Ok(http::Request::from_parts(head, body))
}

async fn whole(path: &str, mut body: Body, begins: Duration) -> Result<Bytes, Refused> {
    let shape = shape::of_request(path);
    let mut whole = Vec::new();
    let begun = Instant::now();
    let mut until = begun + begins;
    loop {
        let next = timeout_at(until, body.frame()).await;
        let Some(frame) = next.map_err(|_| too_slow(whole.len(), begun))? else {
            break;
        };
        let frame = frame.map_err(|status| Refused("broken_off", status))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > shape.bytes + PREFIX {
            let status = Status::out_of_range(format!(
                "the request is larger than {} bytes, the most that {path} takes",
                shape.bytes
            ));
            return Err(Refused("too_large", status));
        }
        whole.extend_from_slice(&data);
        let announced = announced(&whole).min(shape.bytes);
        let all = begun + transfer_limit(REQUEST_TIMEOUT, announced as u64);
        until = all.min(Instant::now() + REQUEST_IDLE);
    }
    if let Some(message) = whole.get(PREFIX..) {
        let checked = shape.check(message);
        checked.map_err(|error| misshapen(&error.to_string()))?;
    }
    Ok(whole.into())
}

fn too_slow(bytes: usize, begun: Instant) -> Refused {
    let status = Status::deadline_exceeded(format!(
        "the request comes too slowly: {bytes} bytes of it in {:?}",
        begun.elapsed()
    ));
    Refused("too_slow", status)
}

fn misshapen(why: &str) -> Refused {
    Refused("malformed", Status::invalid_argument(why))
}

fn snapshot(body: Body) -> Body {
    let mut chunks = Chunks::default();
    let frames = BodyStream::new(body).map(move |frame| {
        let frame = frame?;
        if let Some(data) = frame.data_ref() {
            chunks.pass(data)?;
        }
        Ok::<_, Status>(frame)
    });
    Body::new(StreamBody::new(frames))
}

/// The messages of a snapshot's stream as they pass.
#[derive(Default)]
struct Chunks {
    /// The beginning of the message that passes: gRPC's header, a tag, and a length.
    begun: Vec<u8>,
    /// Bytes of it that are still to come.
    left: usize,
}

impl Chunks {
    /// Longer than gRPC's header, a tag, and the length of a part.
    const BEGINNING: usize = PREFIX + 1 + 5;

    fn pass(&mut self, mut data: &[u8]) -> Result<(), Status> {
        while !data.is_empty() {
            if self.left > 0 && self.begun.len() >= Self::BEGINNING {
                let passed = self.left.min(data.len());
                self.left -= passed;
                data = &data[passed..];
            } else {
                self.begun.push(data[0]);
                data = &data[1..];
                self.begin()?;
            }
            if self.left == 0 && self.begun.len() >= PREFIX {
                self.begun.clear();
            }
        }
        Ok(())
    }

    /// One more byte of a beginning is here.
    fn begin(&mut self) -> Result<(), Status> {
        let length = self.begun.len();
        if length < PREFIX {
            return Ok(());
        }
        if length > PREFIX {
            self.left -= 1;
        } else {
            let bytes = announced(&self.begun);
            if bytes > MAX_MESSAGE_BYTES {
                return Err(Status::out_of_range("a chunk is larger than a message"));
            }
            self.left = bytes;
        }
        if length == Self::BEGINNING || (self.left == 0 && length > PREFIX) {
            let rest = self.left;
            return part(&self.begun[PREFIX..], rest);
        }
        Ok(())
    }
}

/// `begun` and `rest` bytes more are one part of a snapshot.
fn part(begun: &[u8], rest: usize) -> Result<(), Status> {
    let whole = begun.len() + rest;
    let refuse = |why: &str| Err(Status::invalid_argument(why.to_owned()));
    let Some((tag, mut after)) = begun.split_first() else {
        return Ok(());
    };
    match *tag {
        HEADER if whole <= MAX_SMALL_MESSAGE_BYTES => Ok(()),
        HEADER => refuse("a snapshot's header is too large"),
        DATA => {
            let length = varint(&mut after);
            let length = length.ok().and_then(|length| usize::try_from(length).ok());
            match length {
                Some(length) if length == after.len() + rest => Ok(()),
                _ => refuse("a chunk of a snapshot is data and nothing else"),
            }
        }
        _ => refuse("a chunk of a snapshot is its header or data"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_APPEND_BYTES, REQUEST_BEGINS};
    use api::proto::{peer, storage};
    use peer::snapshot_chunk::Part;
    use prost::Message;
    use tokio::time::sleep;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        [&[0][..], &length.to_be_bytes(), message].concat()
    }

    fn chunk(part: Part) -> Vec<u8> {
        framed(&peer::SnapshotChunk { part: Some(part) }.encode_to_vec())
    }

    fn header(nodes: usize) -> Vec<u8> {
        let membership = storage::Membership {
            configs: Vec::new(),
            nodes: vec![storage::Node::default(); nodes],
        };
        let last_membership = Some(storage::StoredMembership {
            log_id: None,
            membership: Some(membership),
        });
        let meta = Some(storage::SnapshotMeta {
            last_log_id: None,
            last_membership,
        });
        chunk(Part::Header(peer::SnapshotHeader {
            meta,
            ..Default::default()
        }))
    }

    async fn refusal(path: &str, body: Body) -> Option<&'static str> {
        let mut request = http::Request::new(body);
        *request.uri_mut() = path.parse().ok()?;
        checked(request, REQUEST_BEGINS)
            .await
            .err()
            .map(|Refused(kind, _)| kind)
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_come_gives_its_place_back() {
        let silent = || {
            let nothing = BodyStream::new(Body::empty());
            Body::new(StreamBody::new(nothing.chain(futures::stream::pending())))
        };
        let begun = Instant::now();
        assert_eq!(refusal("/peer/Append", silent()).await, Some("too_slow"));
        assert_eq!(begun.elapsed(), REQUEST_BEGINS);
        let begins = || {
            let first = BodyStream::new(Full::new(Bytes::from_static(&[0])));
            let first = first.map(|frame| frame.map_err(|never| match never {}));
            Body::new(StreamBody::new(first.chain(futures::stream::pending())))
        };
        let begun = Instant::now();
        assert_eq!(refusal("/peer/Append", begins()).await, Some("too_slow"));
        assert_eq!(begun.elapsed(), REQUEST_IDLE);
        // A byte every 9 s, and 4 MiB are announced: not for ever.
        let large = framed(&vec![0; MAX_MESSAGE_BYTES]);
        let begun = Instant::now();
        let dripping = slowly(large, 5, Duration::from_secs(9));
        assert_eq!(refusal("/peer/Append", dripping).await, Some("too_slow"));
        assert_eq!(begun.elapsed(), Duration::from_secs(512));
        let dripping = slowly(vec![0; 100], 1, Duration::from_secs(9));
        let begun = Instant::now();
        assert_eq!(refusal("/peer/Vote", dripping).await, Some("too_slow"));
        assert_eq!(begun.elapsed(), REQUEST_TIMEOUT);
    }

    /// In pieces, with a pause before each but the first.
    fn slowly(bytes: Vec<u8>, piece: usize, pause: Duration) -> Body {
        let pieces: Vec<_> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
        let pieces = futures::stream::iter(pieces.into_iter().enumerate());
        let pieces = pieces.then(move |(number, piece)| async move {
            if number > 0 {
                sleep(pause).await;
            }
            piece
        });
        let frames = pieces.flat_map(|piece| BodyStream::new(Full::new(piece)));
        let frames = frames.map(|frame| frame.map_err(|never| match never {}));
        Body::new(StreamBody::new(frames))
    }

    /// L7: the sender waits for as long as 14 kB/s take (`send_window`), and so does the receiver.
    #[tokio::test(start_paused = true)]
    async fn a_large_entry_comes_through_a_narrow_way() {
        let node = storage::Node {
            address: "a".repeat(MAX_APPEND_BYTES),
            ..Default::default()
        };
        let membership = storage::Membership {
            configs: Vec::new(),
            nodes: vec![node],
        };
        let entry = storage::Entry {
            log_id: None,
            payload: Some(storage::entry::Payload::Membership(membership)),
        };
        let append = peer::AppendEntriesRequest {
            entries: vec![entry],
            ..Default::default()
        };
        let append = framed(&append.encode_to_vec());
        let begun = Instant::now();
        let narrow = slowly(append, 14_000, Duration::from_secs(1));
        assert_eq!(refusal("/peer/Append", narrow).await, None);
        assert!(begun.elapsed() > Duration::from_secs(70));
    }

    #[tokio::test]
    async fn a_request_has_the_size_of_its_call() {
        let of = |bytes: usize| Body::new(Full::new(Bytes::from(vec![0; bytes + PREFIX])));
        let vote = refusal("/peer/Vote", of(MAX_SMALL_MESSAGE_BYTES + 1)).await;
        assert_eq!(vote, Some("too_large"));
        let append = refusal("/peer/Append", of(MAX_MESSAGE_BYTES + 1)).await;
        assert_eq!(append, Some("too_large"));
        let vote = framed(&peer::VoteRequest::default().encode_to_vec());
        assert_eq!(
            refusal("/peer/Vote", Body::new(Full::new(Bytes::from(vote)))).await,
            None
        );
    }

    /// Passed in pieces of each size.
    fn passes(stream: &[u8]) -> bool {
        let in_pieces = |size: usize| {
            let mut chunks = Chunks::default();
            stream.chunks(size).all(|piece| chunks.pass(piece).is_ok())
        };
        let whole = in_pieces(stream.len().max(1));
        assert_eq!(whole, in_pieces(1));
        assert_eq!(whole, in_pieces(7));
        whole
    }

    #[test]
    fn a_snapshots_stream_is_a_header_and_data() {
        let data = |bytes: usize| chunk(Part::Data(vec![9; bytes]));
        let sizes = [0, 1, 2, 3, 4, 5, 6, 127, 128, 70_000];
        let stream = [vec![header(64)], sizes.map(data).to_vec()]
            .concat()
            .concat();
        assert!(passes(&stream));
        assert!(passes(&framed(&[])));
        assert!(!passes(&header(40_000)));
        // Data, and behind it what decodes large.
        let behind = [&[DATA, 1, 0, HEADER, 0xff, 0xff, 3][..], &[0; 0xffff]].concat();
        assert!(!passes(&framed(&behind)));
        assert!(!passes(&[0, 0xff, 0xff, 0xff, 0xff, HEADER]));
        assert!(!passes(&framed(&[0x1a, 0])));
    }
}
