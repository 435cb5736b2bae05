//! The peers' own calls, each with what ended a cluster once or might, to every address of every host.
//!
//! From a machine none finds a listener. From the peers' network, without a certificate, TLS ends them
//! (`peers_network`).

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use nix::net::if_::if_nametoindex;

use super::super::reach;
use super::attempt::{Counted, attempts};
use crate::Lab;
use crate::netns::Netns;
use crate::report::Report;
use crate::topology::Vm;
use crate::topology::address::{RAFT_PORT, VM_INTERFACE};
use crate::wire::grpc;

const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_secs(3);
/// A certificate never had this number.
const STRANGER: u64 = 9;
/// A TLS record of this type says what is wrong (RFC 8446, section 6).
const TLS_ALERT: u8 = 21;

/// Name and bytes of each, for node `to`.
pub(super) fn calls(to: u64) -> Vec<(&'static str, Vec<u8>)> {
    let route = grpc::bytes(
        15,
        &[grpc::number(1, STRANGER), grpc::number(2, to)].concat(),
    );
    let poison = vote(u64::MAX, false);
    let leads = vote(1 << 62, true);
    let call = |name: &str, message: &[u8]| {
        let path = format!("/gatewayd.peer.v1.Peer/{name}");
        grpc::call(&path, &[message, &route].concat())
    };
    let joins = [
        grpc::number(1, STRANGER),
        grpc::bytes(2, b"10.15.3.20:7066"),
        grpc::bytes(10, &[7; 16]),
    ];
    let header = [leads.clone(), grpc::number(3, 1 << 40)].concat();
    vec![
        ("Append, term 2^64-1", call("Append", &poison)),
        ("Append, a leader of term 2^62", call("Append", &leads)),
        ("Vote, term 2^64-1", call("Vote", &poison)),
        ("PreVote, term 2^64-1", call("PreVote", &poison)),
        (
            "InstallSnapshot of 1 TiB",
            call("InstallSnapshot", &grpc::bytes(1, &header)),
        ),
        (
            "TransferLeader",
            call("TransferLeader", &grpc::number(2, to)),
        ),
        (
            "Propose, an empty batch",
            call("Propose", &grpc::number(2, 1000)),
        ),
        ("Join", call("Join", &joins.concat())),
        ("Invite", call("Invite", &grpc::number(1, to))),
        (
            "ChangeMember, remove node 3",
            call("ChangeMember", &grpc::bytes(2, &grpc::number(1, 3))),
        ),
        ("Health", call("Health", &grpc::number(1, STRANGER))),
        ("Explain", call("Explain", &[])),
        ("garbage", (0..=255_u8).cycle().take(9000).collect()),
        ("half a TLS greeting", vec![22, 3, 1, 2, 0, 1, 0]),
        (
            "a length of 4 GiB",
            [&[0, 0xff, 0xff, 0xff, 0xff][..], &[0; 600]].concat(),
        ),
    ]
}

fn vote(term: u64, committed: bool) -> Vec<u8> {
    let vote = [
        grpc::number(1, term),
        grpc::number(2, STRANGER),
        grpc::number(3, committed.into()),
    ];
    grpc::bytes(1, &vote.concat())
}

/// From a machine: no call finds anybody.
pub(super) fn check(lab: &mut Lab, vm: &Vm, report: &mut Report) -> Result<()> {
    let hosts: Vec<u8> = (1..=lab.host_count()).collect();
    let addresses = reach::every_address(vm.node(), &hosts);
    let name = "a VM makes every call of the peers";
    attempts(lab, report, name, Counted::ByRules, |_, report| {
        for (call, bytes) in calls(1) {
            let answers = call_all(vm.netns(), &addresses, &bytes)?;
            let none = answers.iter().all(|answer| answer == NO_CONNECTION);
            ensure!(none, "{call}: {answers:?}");
            let answer = format!("{NO_CONNECTION} at {} addresses", answers.len());
            report.figure(format!("a VM calls {call}"), answer);
        }
        Ok("none got through".to_owned())
    })
}

pub(super) const NO_CONNECTION: &str = "no connection";

/// What each of `addresses` answers at the peer port.
pub(super) fn call_all(netns: &Netns, addresses: &[IpAddr], bytes: &[u8]) -> Result<Vec<String>> {
    netns.enter(|| {
        let scope = if_nametoindex(VM_INTERFACE).unwrap_or(0);
        thread::scope(|threads| {
            let call = |at: &IpAddr| reach::socket_address((*at, RAFT_PORT), scope);
            let calls: Vec<_> = addresses
                .iter()
                .map(|at| threads.spawn(move || say(call(at), bytes)))
                .collect();
            let answers = calls.into_iter().map(|one| one.join());
            answers
                .map(|answer| answer.map_err(|_| anyhow!("a caller panicked")))
                .collect()
        })
    })
}

fn say(target: SocketAddr, bytes: &[u8]) -> String {
    let Ok(mut connection) = TcpStream::connect_timeout(&target, CONNECT) else {
        return NO_CONNECTION.to_owned();
    };
    let said = connection
        .set_read_timeout(Some(ANSWER))
        .and_then(|()| connection.write_all(bytes));
    let mut answer = [0; 64];
    match said.and_then(|()| connection.read(&mut answer)) {
        Ok(0) => "closed".to_owned(),
        Ok(_) if answer[0] == TLS_ALERT => "TLS alert".to_owned(),
        Ok(length) => format!("{length} bytes: {:02x?}", &answer[..length.min(16)]),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => "nothing".to_owned(),
        Err(_) => "closed".to_owned(),
    }
}
