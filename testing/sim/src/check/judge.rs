//! The judge: hands every fact to the checkers that it concerns, and keeps their verdicts.

use super::facts::{Answer, End, Replied, Step};
use super::holdings::Holdings;
use super::pace::Pace;
use super::peace::{Loss, Peace};
use super::s9_kernel::{Kernels, Opened};
use super::s12::{self, ClusterName, S12};
use super::states::changes;
use super::status::{Shown, Status};
use super::violation::{Promises, Verdict, Violation};
use super::{l1, l2, l3, l4, l5, l6, rulesets, s1, s2, s3, s4, s5, s6, s7, s8, s9, t1, t2, t4, t6};
use crate::client::{
    Event, MessageKind, Reply, ReplyKind, Request, TrueTime, What, read_reply, read_request,
};
use causes::Trouble;
use ipam::{ClientKey, Command, HardwareAddress, LogPosition, NodeId, State};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// More are not kept: the first says most.
const KEPT: usize = 20;

/// Compares what happens with the lease contract.
#[derive(Debug, Default)]
pub struct Judge {
    violations: Vec<Violation>,
    /// Of which promises it judges; of all if there is none.
    minds: Option<Promises>,
    holdings: Holdings,
    /// The newest state that any node has applied.
    newest: (LogPosition, State),
    applied: BTreeMap<NodeId, LogPosition>,
    heard: BTreeMap<(NodeId, Asked), Heard>,
    asked: BTreeMap<Asked, (Request, TrueTime)>,
    s2: s2::S2,
    s3: s3::S3,
    s5: s5::S5,
    s6: s6::S6,
    s7: s7::S7,
    s8: s8::S8,
    s9: s9::S9,
    s12: S12,
    kernels: Kernels,
    peace: Peace,
    l1: l1::L1,
    l3: l3::L3,
    l4: l4::L4,
    l5: l5::L5,
    l6: l6::L6,
    status: Status,
    t1: t1::T1,
    t2: t2::T2,
}

/// One request and its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    hardware: [u8; 6],
    xid: u32,
    is_discover: bool,
}

/// When a node heard a request.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// Its newest copy.
    last: TrueTime,
    /// What the node had applied when it heard the first of the copies that came together.
    applied: LogPosition,
}

/// Copies closer than this may be answered together.
const TOGETHER: Duration = Duration::from_secs(4);
/// Requests that are remembered, at most; then those that nobody waits for any more are forgotten.
const REMEMBERED: usize = 16_384;
/// Nobody waits longer for an answer.
const WAITS: Duration = Duration::from_secs(120);

impl Judge {
    /// A judge that has heard nothing yet, of nodes on one LAN.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, of nodes that are further apart.
    #[must_use]
    pub fn paced(pace: Pace) -> Self {
        let mut judge = Self::new();
        judge.peace.pace = pace;
        judge
    }

    /// This is the cluster that is judged: no other's state is a node's.
    pub const fn of_cluster(&mut self, name: ClusterName) {
        self.s12 = S12::of(name);
    }

    /// A node has answered what another cluster's node called, which only members may call (S12).
    pub fn crossed(&mut self, at: TrueTime, node: NodeId, caller: NodeId, method: &str) {
        self.keep([Err(s12::crossed(at, node, caller, method))]);
    }

    /// Another cluster is there to be named (S11).
    pub fn other_cluster(&mut self, name: ClusterName) {
        self.status.names.clusters.insert(name);
    }

    /// One of our nodes is at this address from now on (S11).
    pub fn address(&mut self, address: &str) {
        self.status.names.addresses.insert(address.to_owned());
    }

    /// Judges by these promises alone from now on.
    pub const fn mind(&mut self, promises: Option<Promises>) {
        self.minds = promises;
    }

    /// What was broken, in the order in which it showed.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Something happened to a client.
    pub fn client(&mut self, event: &Event) {
        let subnets = self.newest.1.subnets().values();
        let held_for = subnets.map(|subnet| subnet.config().times.offer.0).min();
        let held_for = Duration::from_millis(held_for.unwrap_or_default());
        let verdicts = [
            s1::client(event, &self.holdings),
            self.s3.client(event, &self.holdings),
            self.l1.client(event, &self.peace),
            self.l3.client(event, &self.peace),
            self.l4.client(event, &self.peace, held_for),
        ];
        self.holdings.note(event);
        self.s2.client(event);
        self.s5.client(event);
        self.s7.client(event);
        self.l5.client(event);
        self.l6.client(event);
        self.note_request(event);
        self.keep(verdicts);
    }

    /// A node has applied entries up to this one, or installed a snapshot, or started with it.
    pub fn applied(&mut self, at: TrueTime, node: NodeId, position: LogPosition, state: &State) {
        self.applied.insert(node, position);
        let digest = api::log::state_digest(state);
        let invariants = match self.s8.has_seen(position, digest) {
            // The same bytes: they were looked at when the first node had them.
            true => Ok(()),
            false => ipam::invariant::check(state),
        };
        let invariants = invariants.map_err(|broken| {
            let facts = [format!("entry {} is applied", position.index), broken];
            Violation::new("ipam", at, format!("node {node}'s state"), facts)
        });
        let verdicts = [
            self.s8.applied(at, node, position, digest),
            self.t1.applied(at, node, position, state.clock()),
            self.s12.applied(at, node, state),
            invariants,
        ];
        self.keep(verdicts);
        if position.index > self.newest.0.index {
            let before = std::mem::replace(&mut self.newest, (position, state.clone()));
            self.step(&Step {
                at,
                position,
                before: &before.1,
                after: state,
                changes: changes(&before.1, state),
            });
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        let verdicts = [
            self.s2.step(step),
            self.s3.step(step),
            s4::step(step),
            self.s5.step(step, &self.holdings),
            self.s7.step(step, &self.holdings),
            self.s9.step(step),
            self.l5.step(step),
            self.t2.step(step),
            t4::step(step),
        ];
        self.keep(verdicts);
        self.s6.step(step);
        self.peace.step(step);
        self.holdings.step(step);
    }

    /// An operator asks for this.
    pub fn operator(&mut self, at: TrueTime, command: &Command) {
        self.holdings.operator(at, command);
        self.s9.operator(command);
    }

    /// A node's server was handed this datagram.
    pub fn heard(&mut self, at: TrueTime, node: NodeId, datagram: &[u8]) {
        let Some(request) = read_request(datagram) else {
            return;
        };
        let applied = self.applied.get(&node).copied().unwrap_or_default();
        let is_discover = request.kind == MessageKind::Discover;
        let key = (node, Asked::of(&request, is_discover));
        let earlier = self.heard.get(&key).copied();
        let together = earlier.filter(|heard| at.since(heard.last) < TOGETHER);
        let applied = together.map_or(applied, |heard| heard.applied);
        self.heard.insert(key, Heard { last: at, applied });
        if self.heard.len() > REMEMBERED {
            self.heard.retain(|_, heard| at.since(heard.last) < WAITS);
        }
    }

    /// A node's server sent a reply. What the node applied before that has to be told before.
    pub fn replied(&mut self, sent: &Replied<'_>) {
        let Some(reply) = read_reply(sent.bytes) else {
            let facts = ["it sent it".to_owned(), format!("{:02x?}", sent.bytes)];
            let about = format!("a reply of node {} cannot be read", sent.node);
            return self.keep([Err(Violation::new("RFC 2131", sent.at, about, facts))]);
        };
        self.status.st1.answered(reply.hardware);
        let asked = Asked::by(&reply);
        // Only Ethernet clients' requests are read: a hostile neighbour may say that it is something else.
        let is_read = reply.of == HardwareAddress::ethernet(reply.hardware);
        let heard = self.heard.get(&(sent.node, asked)).copied();
        let heard = heard.filter(|_| is_read);
        let request = self.asked.get(&asked).filter(|_| is_read);
        let applied = self.applied.get(&sent.node).copied().unwrap_or_default();
        let advanced = heard.is_none_or(|heard| applied.index > heard.applied.index);
        let answer = Answer {
            sent,
            reply: &reply,
            request: request.map(|(request, _)| request),
            heard: heard.map(|heard| heard.last),
            advanced,
            asked: request.map(|(_, at)| *at),
        };
        let verdicts = [
            self.s2.replied(&answer),
            self.s6.replied(&answer, &self.newest.1),
            l2::replied(&answer, self.peace.pace.noticed_within),
            self.l6.replied(&answer),
            l4::L4::replied(&answer),
            t6::replied(&answer),
            self.s8.replied(&answer, self.peace.pace.noticed_within),
        ];
        self.keep(verdicts);
    }

    /// Looks at the newest state that any node has applied; and its entry.
    pub fn newest<T>(&self, look: impl FnOnce(&State) -> T) -> (u64, T) {
        (self.newest.0.index, look(&self.newest.1))
    }

    /// A node's kernel has this open (S9).
    pub fn kernel(&mut self, opened: &Opened) {
        let verdict = self.kernels.seen(opened);
        self.keep([verdict]);
    }

    /// A node says this of itself (S11).
    pub fn shown(&mut self, shown: &Shown) {
        let verdicts = self.status.shown(shown, self.peace.pace);
        self.keep(verdicts);
    }

    /// This is wrong with a node, or news to it, at this time.
    pub fn trouble(&mut self, at: TrueTime, node: NodeId, trouble: Trouble) {
        self.status.trouble(at, node, trouble);
    }

    /// The node on a client's own host was handed a copy of its DHCPDISCOVER (ST1).
    pub fn heard_near(&mut self, at: TrueTime, near: NodeId, client: &ClientKey, datagram: &[u8]) {
        let discover = read_request(datagram).filter(|it| it.kind == MessageKind::Discover);
        let Some(Request { hardware, xid, .. }) = discover else {
            return;
        };
        let st1 = &mut self.status.st1;
        let verdict = st1.heard(at, near, hardware, xid, client, &self.peace);
        self.keep([verdict]);
    }

    /// Somebody uses this address without asking, from then on.
    pub fn squatter(&mut self, address: Ipv4Addr, since: TrueTime) {
        self.l6.squatter(address, since);
    }

    /// A frame on the clients' link may be lost now.
    pub const fn link_disturbed(&mut self, at: TrueTime) {
        self.l6.link_disturbed(at);
    }

    /// A fault begins or ends.
    pub fn disturbed(&mut self) {
        self.peace.disturbed();
    }

    /// The last fault is healed.
    pub fn healed(&mut self, at: TrueTime) {
        self.peace.healed(at);
    }

    /// In peace, these nodes are gone, or broken for as long as it lasts, and it takes so many elections until
    /// the others serve; nothing is wrong with those.
    pub fn lost(&mut self, at: TrueTime, lost: Loss, elections: u32) {
        self.peace.lost(at, lost, elections);
    }

    /// Nobody may have waited too long by now.
    pub fn look_who_waits(&mut self, at: TrueTime) {
        let verdict = self.l1.finish(at, &self.peace);
        self.keep([verdict]);
    }

    /// The end, with every node up and everything healed.
    pub fn finish(&mut self, at: TrueTime, ends: &[End<'_>]) {
        for end in ends {
            self.applied(at, end.node, end.position, end.state);
        }
        let verdicts = [
            s2::S2::finish(at, self.newest.0, ends),
            self.l1.finish(at, &self.peace),
            rulesets::finish(at, ends),
        ];
        self.keep(verdicts);
    }

    /// What a client asked, for the replies that come.
    fn note_request(&mut self, event: &Event) {
        let What::Sent {
            kind: kind @ (MessageKind::Request | MessageKind::Discover),
            xid,
            address,
            server,
            ..
        } = event.what
        else {
            return;
        };
        let request = Request {
            kind,
            xid,
            hardware: event.hardware,
            address,
            server,
        };
        let asked = Asked::of(&request, kind == MessageKind::Discover);
        self.asked.entry(asked).or_insert((request, event.at));
        if self.asked.len() > REMEMBERED {
            self.asked
                .retain(|_, (_, asked)| event.at.since(*asked) < WAITS);
        }
    }

    fn keep<const N: usize>(&mut self, verdicts: [Verdict; N]) {
        let room = KEPT.saturating_sub(self.violations.len());
        let broken = verdicts.into_iter().filter_map(Verdict::err);
        let minds = self.minds;
        let broken = broken.filter(|it| minds.is_none_or(|minds| minds.contains(it.promise)));
        self.violations.extend(broken.take(room));
    }
}

impl Asked {
    fn of(request: &Request, is_discover: bool) -> Self {
        Self {
            hardware: request.hardware,
            xid: request.xid,
            is_discover,
        }
    }

    fn by(reply: &Reply) -> Self {
        Self {
            hardware: reply.hardware,
            xid: reply.xid,
            is_discover: reply.kind == ReplyKind::Offer,
        }
    }
}
