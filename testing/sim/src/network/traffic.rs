//! What is under way between peers.

use super::false_notes::FalseNotes;
use super::paths::{Fate, Host, Paths};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::codegen::http;
use tonic::codegen::http::HeaderMap;

/// How long a lost message is sent again before the connection is given up: the keep-alive interval
/// of the real transport and its timeout.
pub const GIVE_UP: Duration = Duration::from_secs(4);
/// The pause before a lost message is first sent again, at least: Linux's minimum. It is twice the round trip
/// where that is longer, and doubles each time (RFC 6298).
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
/// Over a link with a long round trip a connection is given up later, so many round trips (the profile's
/// `unacknowledged`).
const GIVE_UP_ROUND_TRIPS: u32 = 20;

/// One call of one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A request with its body.
#[derive(Clone, Debug)]
pub struct PeerRequest {
    /// The method, as a path.
    pub uri: http::Uri,
    /// gRPC's headers.
    pub headers: HeaderMap,
    /// The whole body: several messages, if the request is a stream.
    pub body: Bytes,
}

/// An answer with its body.
#[derive(Clone, Debug)]
pub struct PeerAnswer {
    /// gRPC's headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// gRPC's trailers: the status.
    pub trailers: Option<HeaderMap>,
}

/// What has arrived.
#[derive(Debug)]
pub enum Delivery {
    /// A request, at the host that it is for.
    Request {
        /// Which call.
        call: CallId,
        /// From where.
        from: Host,
        /// Where it is now.
        to: Host,
        /// What.
        request: PeerRequest,
    },
    /// An answer, or why there is none, at the host that asked. The caller is told by the traffic
    /// itself; this is for the trace.
    Answer {
        /// Which call.
        call: CallId,
        /// Who answered.
        from: Host,
        /// Who asked.
        to: Host,
        /// Its length, or why there is none.
        result: Result<usize, &'static str>,
    },
}

enum Parcel {
    Request(PeerRequest),
    Answer(PeerAnswer),
    Failure(&'static str),
}

impl Parcel {
    /// The bytes of its body.
    fn len(&self) -> usize {
        match self {
            Self::Request(request) => request.body.len(),
            Self::Answer(answer) => answer.body.len(),
            Self::Failure(_) => 0,
        }
    }
}

struct Underway {
    call: CallId,
    from: Host,
    to: Host,
    parcel: Parcel,
    /// When it was first sent, and the pause before it is sent again.
    sent: Duration,
    pause: Duration,
}

struct Call {
    from: Host,
    to: Host,
    is_health: bool,
    reply: oneshot::Sender<Result<PeerAnswer, Status>>,
}

/// All calls, and the messages between hosts.
pub(super) struct Traffic {
    pub(super) paths: Paths,
    pub(super) now: Duration,
    /// Who lies of notes, and how.
    pub(super) liar: Option<(Host, FalseNotes)>,
    /// Who is where (`host:port`).
    pub(super) addresses: BTreeMap<String, Host>,
    calls: BTreeMap<CallId, Call>,
    queue: BTreeMap<(Duration, u64), Underway>,
    next: u64,
}

impl Traffic {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            paths: Paths::new(seed),
            now: Duration::ZERO,
            liar: None,
            addresses: BTreeMap::new(),
            calls: BTreeMap::new(),
            queue: BTreeMap::new(),
            next: 0,
        }
    }

    /// Sends a request. The receiver hears of its answer, or that there will be none.
    pub(super) fn call(
        &mut self,
        from: Host,
        to: Host,
        mut request: PeerRequest,
    ) -> oneshot::Receiver<Result<PeerAnswer, Status>> {
        let call = CallId(self.number());
        let (reply, answer) = oneshot::channel();
        let is_health = request.uri.path().ends_with("/Health");
        if let Some(lies) = self.lies_of(from).filter(|_| is_health) {
            request.body = lies.request(&request.body);
        }
        let waiting = Call {
            from,
            to,
            is_health,
            reply,
        };
        self.calls.insert(call, waiting);
        self.send(call, from, to, Parcel::Request(request));
        answer
    }

    /// Sends the answer to a call.
    pub(super) fn answer(&mut self, call: CallId, mut answer: PeerAnswer) {
        // A duplicate's answer finds its call over.
        let Some(waiting) = self.calls.get(&call) else {
            return;
        };
        let (asker, answerer, is_health) = (waiting.from, waiting.to, waiting.is_health);
        if let Some(lies) = self.lies_of(answerer).filter(|_| is_health) {
            answer.body = lies.answer(&answer.body);
        }
        self.send(call, answerer, asker, Parcel::Answer(answer));
    }

    fn lies_of(&mut self, host: Host) -> Option<&mut FalseNotes> {
        let liar = self.liar.as_mut().filter(|(liar, _)| *liar == host);
        liar.map(|(_, lies)| lies)
    }

    /// Fails every call to `host`, and forgets those from it: its process has ended. With `silent`,
    /// nobody is left to say so, and callers notice when they give up.
    pub(super) fn host_died(&mut self, host: Host, silent: bool) {
        self.calls.retain(|_, call| call.from != host);
        let calls = self.calls.iter().filter(|(_, call)| call.to == host);
        let failing: Vec<_> = calls.map(|(id, call)| (*id, call.from)).collect();
        for (call, asker) in failing {
            let after = self.noticed_after(host, asker, silent);
            self.fail(call, host, asker, after);
        }
    }

    /// Tells a caller that nobody takes its request.
    pub(super) fn refuse(&mut self, call: CallId, silent: bool) {
        let Some(Call { from, to, .. }) = self.calls.get(&call) else {
            return;
        };
        let (asker, host) = (*from, *to);
        let after = self.noticed_after(host, asker, silent);
        self.fail(call, host, asker, after);
    }

    /// When somebody who waits for `host` notices that it will not answer.
    fn noticed_after(&mut self, host: Host, asker: Host, silent: bool) -> Duration {
        if silent {
            self.give_up(asker, host)
        } else {
            self.paths.latency(host, asker)
        }
    }

    /// How long a message is sent again between these two.
    fn give_up(&self, from: Host, to: Host) -> Duration {
        GIVE_UP.max(self.paths.round_trip(from, to) * GIVE_UP_ROUND_TRIPS)
    }

    /// When the next thing arrives.
    pub(super) fn next_arrival(&self) -> Option<Duration> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// What has arrived by now, in order.
    pub(super) fn arrived(&mut self) -> Vec<Delivery> {
        let mut arrived = Vec::new();
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let underway = entry.remove();
            arrived.extend(self.deliver(underway));
        }
        arrived
    }

    fn deliver(&mut self, underway: Underway) -> Option<Delivery> {
        let Underway { call, from, to, .. } = underway;
        let (result, told) = match underway.parcel {
            Parcel::Request(request) => {
                return Some(Delivery::Request {
                    call,
                    from,
                    to,
                    request,
                });
            }
            Parcel::Answer(answer) => (Ok(answer.body.len()), Ok(answer)),
            Parcel::Failure(reason) => (Err(reason), Err(Status::unavailable(reason))),
        };
        let waiting = self.calls.remove(&call)?;
        // A caller that gave up earlier does not listen any more.
        drop(waiting.reply.send(told));
        Some(Delivery::Answer {
            call,
            from,
            to,
            result,
        })
    }

    fn send(&mut self, call: CallId, from: Host, to: Host, parcel: Parcel) {
        let underway = Underway {
            call,
            from,
            to,
            parcel,
            sent: self.now,
            pause: FIRST_RETRANSMISSION.max(self.paths.round_trip(from, to) * 2),
        };
        self.transmit(underway, Duration::ZERO);
    }

    /// Works out when a message arrives, over all its retransmissions.
    fn transmit(&mut self, mut underway: Underway, mut after: Duration) {
        let (from, to) = (underway.from, underway.to);
        let give_up = self.give_up(from, to);
        let transfer = self.paths.transfer(from, to, underway.parcel.len());
        loop {
            if self.now + after > underway.sent + give_up {
                return self.lost(underway, after);
            }
            match self.paths.fate(from, to) {
                Fate::Arrives(latency) => {
                    return self.enqueue(after + latency + transfer, underway);
                }
                Fate::ArrivesTwice(first, second) => {
                    if let Some(copy) = copy(&underway) {
                        self.enqueue(after + second + transfer, copy);
                    }
                    return self.enqueue(after + first + transfer, underway);
                }
                Fate::Lost => {
                    after += underway.pause;
                    underway.pause *= 2;
                }
            }
        }
    }

    fn lost(&mut self, underway: Underway, after: Duration) {
        let Some(call) = self.calls.get(&underway.call) else {
            return;
        };
        let (asker, host) = (call.from, call.to);
        self.fail(underway.call, host, asker, after);
    }

    fn fail(&mut self, call: CallId, host: Host, asker: Host, after: Duration) {
        let underway = Underway {
            call,
            from: host,
            to: asker,
            parcel: Parcel::Failure("the connection is lost"),
            sent: self.now,
            pause: FIRST_RETRANSMISSION,
        };
        self.enqueue(after, underway);
    }

    fn enqueue(&mut self, after: Duration, underway: Underway) {
        let number = self.number();
        self.queue.insert((self.now + after, number), underway);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// What may arrive twice: Raft's own requests, which must bear it.
fn copy(underway: &Underway) -> Option<Underway> {
    let Parcel::Request(request) = &underway.parcel else {
        return None;
    };
    let method = request.uri.path().rsplit('/').next()?;
    let is_raft = matches!(method, "Append" | "Vote" | "PreVote" | "InstallSnapshot");
    is_raft.then(|| Underway {
        parcel: Parcel::Request(request.clone()),
        ..*underway
    })
}
