//! Any text as a configuration: environment variables over a TOML file.
//!
//! Lines `KEY=VALUE` before the first NUL byte are the environment, what comes after it is the file.
//! What is refused is refused with the key's name. What is accepted works: the cluster takes its
//! subnet, and a client gets an offer with every option in it that fits.
#![no_main]

use dhcpd::decide::Arrival;
use dhcpd::probe::ProbeResult;
use dhcpd::reply::Body;
use dhcpd::testing::{MemoryLeaseService, PacketBuilder};
use dhcpd::{Engine, Input, LeaseView, MonotonicTime, Next, RateLimits, Received, ServerIdentity};
use gatewayd::config::{ConfigError, Options, Settings};
use ipam::{NodeId, SubnetConfig};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;
use toml::{Table, Value};

const NODE: NodeId = NodeId(1);

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (environment, file) = text.split_once('\0').unwrap_or((text, ""));
    let file = match Options::from_toml(file) {
        Ok(options) => options,
        Err(error) => {
            assert!(error.to_string().contains("line"), "it says where: {error}");
            return;
        }
    };
    match Settings::from_options(variables(environment).or(file), false) {
        Ok(settings) => is_usable(&settings),
        Err(error) => names_the_key(&error),
    }
});

/// The variables that gatewayd knows: others are not its business.
fn variables(lines: &str) -> Options {
    // Else most inputs would end at the peer port, which is not open by default.
    let open = ("GATEWAY_PEER_INSECURE".to_owned(), "yes".into());
    let mut known = Table::from_iter([open]);
    for (key, value) in lines.lines().filter_map(|line| line.split_once('=')) {
        let value = Value::String(value.to_owned());
        let alone = Table::from_iter([(key.to_owned(), value.clone())]);
        if Options::from_toml(&alone.to_string()).is_ok() {
            known.insert(key.to_owned(), value);
        }
    }
    Options::from_toml(&known.to_string()).expect("each was read alone")
}

fn names_the_key(error: &ConfigError) {
    let text = error.to_string();
    let named = text.contains("GATEWAY_") || text.contains("LOG_LEVEL");
    assert!(named, "no key is named: {text}");
    if let ConfigError::Value { reason, .. } = error {
        assert!(!reason.is_empty(), "no reason is given: {text}");
    }
}

fn is_usable(settings: &Settings) {
    let config = &settings.subnet;
    let Some(listen_ip) = listen_ip(config) else {
        return;
    };
    let service = MemoryLeaseService::new(config, &[(NODE, listen_ip)]);
    if service.free_candidates(config.id, 1).is_empty() {
        return;
    }
    let body = answer_to_a_new_client(&service, config, listen_ip);
    assert!(matches!(body, Some(Body::Offer { .. })), "{body:?}");
}

/// An address for the node: outside the pool, so that the pool is not used up by it.
fn listen_ip(config: &SubnetConfig) -> Option<Ipv4Addr> {
    let hosts = (1..=4).map(|host| config.network.address().to_bits().checked_add(host));
    let mut hosts = hosts.flatten().map(Ipv4Addr::from_bits);
    hosts.find(|address| {
        config.is_host_address(*address)
            && *address != config.router
            && !config.pool.contains(*address)
    })
}

fn answer_to_a_new_client(
    service: &MemoryLeaseService,
    config: &SubnetConfig,
    server_identifier: Ipv4Addr,
) -> Option<Body> {
    let identity = ServerIdentity {
        node: NODE,
        subnet: config.id,
        server_identifier,
    };
    let mut engine = Engine::new(identity, &RateLimits::default());
    let everything: Vec<u8> = (1..=254).collect();
    let discover = PacketBuilder::discover([2, 0, 0, 0, 0, 1])
        .option(55, &everything)
        .option(57, &1500_u16.to_be_bytes())
        .datagram();
    let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
    let now = MonotonicTime::default();
    let Received::Begun(mut transaction, mut next) =
        engine.receive(now, &discover, arrival, service)
    else {
        return None;
    };
    loop {
        let input = match next {
            Next::Propose(command) => Input::Proposed(service.propose_now(&command)),
            Next::Probe(address) => Input::Probed(address, ProbeResult::Clear),
            Next::Reply(reply) => return Some(reply.body),
            Next::Done | Next::NoReply(_) => return None,
        };
        next = engine.resume(now, &mut transaction, input, service);
    }
}
