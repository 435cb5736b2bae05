//! Serves 10.15.3.0/24 on an interface from a lease table in memory: for trying the sockets with
//! real clients, without a cluster. `serve_from_memory INTERFACE LISTEN_IP`.

use dhcpd::limit::RateLimits;
use dhcpd::testing::{MemoryLeaseService, subnet_config};
use dhcpd::{DhcpServer, ServerConfig};
use ipam::{NodeId, Span};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// How often the cluster clock moves.
const TICK: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().ok_or("which interface?")?;
    let listen_ip: Ipv4Addr = arguments.next().ok_or("which listen IP?")?.parse()?;
    tracing_subscriber::fmt()
        .with_env_filter("debug")
        .with_writer(std::io::stderr)
        .init();
    let node = NodeId(1);
    let service = Arc::new(MemoryLeaseService::new(
        &subnet_config(),
        &[(node, listen_ip)],
    ));
    let limits = RateLimits::default();
    let config = ServerConfig {
        node,
        subnet: subnet_config().id,
        interface,
        listen_ip,
        relays: Vec::new(),
        limits,
    };
    let server = DhcpServer::bind(&config, service.clone())?;
    let counters = server.counters();
    let clock = async {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            service.pass(Span(100));
        }
    };
    tokio::select! {
        () = clock => {}
        ended = server.run(async { tokio::signal::ctrl_c().await.unwrap_or(()) }) => ended?,
    }
    tracing::info!("{:#?}", counters.snapshot());
    Ok(())
}
