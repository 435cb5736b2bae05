//! A host that opens connections and says nothing gets its share of them, and keeps nobody out.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::Cluster;
use std::time::Duration;
use support::*;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long something may take that must happen: no expectation.
const LONG: Duration = Duration::from_secs(60);

async fn still_served(nodes: &[Cluster], first: u16) {
    for (number, node) in (first..).zip(nodes) {
        obtain(node, number).await;
    }
    converged(nodes).await;
    for node in nodes {
        in_service(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_one_address_bounded_and_quiet_ones_closed() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let connect = || TcpStream::connect(site.address(1));
    let mut idle = Vec::new();
    for _ in 0..cluster::limits::MAX_CONNECTIONS_OF_ADDRESS + 20 {
        idle.push(connect().await.unwrap());
    }
    still_served(&nodes, 0).await;
    // The first were admitted and close when they stay quiet, the last were turned away.
    for mut connection in idle {
        until_closed(&mut connection).await;
    }
    still_served(&nodes, 10).await;
}

async fn until_closed(connection: &mut TcpStream) {
    let mut hello = [0; 64];
    loop {
        // HTTP/2 says hello before it hangs up.
        let read = timeout(LONG, connection.read(&mut hello)).await;
        match read.expect("not closed") {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
