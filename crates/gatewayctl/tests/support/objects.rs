//! What a node lists of each kind of object.

use std::net::Ipv4Addr;

use api::proto::admin::ListedObject;
use ipam::{
    AnyObject, ClientKey, DEFAULT_SUBNET, Forward, ForwardKey, ForwardTarget, HardwareAddress,
    Kind, Protocol, Reservation, Revision, Stored,
};

/// The log entry that changed the first; each next one is the entry after it.
const FIRST_REVISION: u64 = 1042;

/// A few of the kind, as the core's samples have them unless there are better ones here.
pub fn listed(kind: Kind) -> Vec<ListedObject> {
    match kind {
        Kind::Forward => forwards(),
        Kind::Reservation => list([(reservation().into(), None)]),
        _ => {
            let mut samples = AnyObject::samples();
            samples.retain(|sample| sample.key().kind() == kind);
            list(samples.into_iter().map(|sample| (sample, None)))
        }
    }
}

/// To an address, to a client, to a client without a lease.
fn forwards() -> Vec<ListedObject> {
    let forward = |protocol, port, target, target_port| {
        let key = ForwardKey { protocol, port };
        let forward = Forward {
            key,
            target,
            target_port,
        };
        AnyObject::from(forward)
    };
    let to_client = |last| ForwardTarget::Client {
        subnet: DEFAULT_SUBNET,
        client: client(last),
    };
    let to_address = ForwardTarget::Address(Ipv4Addr::new(10, 15, 3, 20));
    list([
        (
            forward(Protocol::Tcp, 2222, to_address, 22),
            Some("10.15.3.20:22"),
        ),
        (
            forward(Protocol::Tcp, 8080, to_client(1), 80),
            Some("10.15.3.20:80"),
        ),
        (forward(Protocol::Udp, 5353, to_client(9), 53), None),
    ])
}

fn reservation() -> Reservation {
    Reservation {
        subnet: DEFAULT_SUBNET,
        client: client(1),
        address: Ipv4Addr::new(10, 15, 3, 20),
    }
}

fn client(last: u8) -> ClientKey {
    ClientKey::Hardware(HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, last]))
}

/// As a node writes them, and what they come to now.
pub fn list<'a>(
    objects: impl IntoIterator<Item = (AnyObject, Option<&'a str>)>,
) -> Vec<ListedObject> {
    let changes = FIRST_REVISION..;
    let listed = changes.zip(objects).map(|(changed, (object, now))| {
        let revision = Revision {
            created: changed,
            changed,
        };
        ListedObject {
            stored: Some((&Stored { object, revision }).into()),
            now: now.map(str::to_owned),
        }
    });
    listed.collect()
}
