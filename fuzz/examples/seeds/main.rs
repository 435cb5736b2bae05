//! Writes the seeds of the corpora: real messages of every kind, from which the fuzzers set out.
//!
//! `cargo run --example seeds`, in `fuzz/`. What the fuzzers have found since stands beside them; `cargo fuzz
//! cmin` then keeps what is worth keeping.

#[path = "../../../crates/api/tests/sample/mod.rs"]
mod sample;

mod dhcp;
mod messages;

use std::fs;
use std::io;
use std::path::Path;

/// A name, and the input.
type Seed = (String, Vec<u8>);

fn main() -> io::Result<()> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seeds) in [
        ("dhcp_packet", dhcp::packets()),
        ("log_entry", messages::log_entries()),
        ("snapshot", messages::snapshots()),
        ("peer_message", messages::peer_messages()),
        ("config", configurations()),
    ] {
        let corpus = corpora.join(target);
        fs::create_dir_all(&corpus)?;
        for (name, input) in seeds {
            fs::write(corpus.join(name), input)?;
        }
    }
    Ok(())
}

/// A deployment by environment, one by file, one by both, and one with something in every key.
fn configurations() -> Vec<Seed> {
    let needed = "GATEWAY_NODE_ID=1\nGATEWAY_PEER_LISTEN=172.31.0.1:7066\n";
    let file = "GATEWAY_NODE_ID = 2\nGATEWAY_PEER_LISTEN = \"172.31.0.2:7066\"\n\
                GATEWAY_DHCP_DNS = [\"1.1.1.1\", \"9.9.9.9\"]\nGATEWAY_DHCP_MTU = 1450\n";
    let every = "GATEWAY_DATA_DIR=/d\nGATEWAY_PEER_ADDRESS=gw1:7066\nGATEWAY_JOIN=gw2:7066,gw3:7066\n\
                 GATEWAY_TLS_CA=/ca\nGATEWAY_TLS_CERT=/cert\nGATEWAY_TLS_KEY=/key\n\
                 GATEWAY_ADMIN_LISTEN=127.0.0.1:7067\nGATEWAY_DHCP_LISTEN_IP=10.15.3.10\n\
                 GATEWAY_DHCP_INTERFACE=vmbr100\nGATEWAY_DHCP_GATEWAY=10.15.3.1\n\
                 GATEWAY_DHCP_SUBNET=10.15.3.0/24\nGATEWAY_DHCP_SUBNET_MASK=255.255.255.0\n\
                 GATEWAY_DHCP_POOL_START=10.15.3.20\nGATEWAY_DHCP_POOL_END=10.15.3.254\n\
                 GATEWAY_DHCP_EXCLUDE=10.15.3.30,10.15.3.40-10.15.3.49\nGATEWAY_DHCP_DNS=1.1.1.1\n\
                 GATEWAY_DHCP_DOMAIN=example.test\nGATEWAY_DHCP_SEARCH=a.test,b.test\n\
                 GATEWAY_DHCP_NTP=10.15.3.1\nGATEWAY_DHCP_MTU=1400\n\
                 GATEWAY_DHCP_ROUTES=10.0.0.0/8=10.15.3.2\nGATEWAY_DHCP_OPTIONS=66=6e657462\n\
                 GATEWAY_DHCP_LEASE_TIME=600\nGATEWAY_DHCP_IDENTITY=client-identifier\n\
                 GATEWAY_UPLINK_INTERFACE=eth0\nGATEWAY_NAT=snat:203.0.113.5\nLOG_LEVEL=debug\n";
    vec![
        ("environment".to_owned(), needed.as_bytes().to_vec()),
        ("file".to_owned(), format!("\0{file}").into_bytes()),
        (
            "both".to_owned(),
            format!("{needed}LOG_LEVEL=debug\n\0{file}").into_bytes(),
        ),
        (
            "every_key".to_owned(),
            format!("{needed}{every}").into_bytes(),
        ),
    ]
}
