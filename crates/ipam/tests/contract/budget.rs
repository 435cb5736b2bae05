//! S12: what is kept is bounded, whoever asks, and a refusal names the field and its limit.

use crate::support::*;
use ipam::budget::*;
use ipam::*;

fn refused(what: Item, bytes: usize, limit: usize) -> Outcome {
    Outcome::refused(OverBudget::TooLarge { what, bytes, limit })
}

fn too_many(what: Item, limit: usize) -> Outcome {
    Outcome::refused(OverBudget::TooMany { what, limit })
}

/// What is too large.
const fn refused_for(outcome: &Outcome) -> Option<Item> {
    match outcome {
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(OverBudget::TooLarge {
            what,
            ..
        }))) => Some(*what),
        _ => None,
    }
}

fn register(bytes: usize) -> Command {
    Command::from(NodeRegistration {
        node: NodeId(2),
        listen: [(SUBNET, ip(11))].into(),
        peer_address: "a".repeat(bytes),
        listeners: Default::default(),
        addresses: Default::default(),
    })
}

/// `set` fills one field of a subnet with so much of something.
fn put_subnet(set: impl FnOnce(&mut SubnetConfig)) -> Outcome {
    let mut config = config((20, 254));
    set(&mut config);
    let mut cluster = Driver::new((20, 254));
    let before = cluster.state.clone();
    let outcome = cluster.put_subnet(config);
    let unchanged = before.subnets() == cluster.state.subnets();
    assert_eq!(unchanged, outcome != Outcome::Done);
    outcome
}

#[test]
fn s12_peer_address_longer_than_a_host_name_and_a_port_refused() {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.run(register(MAX_PEER_ADDRESS_BYTES)), Outcome::Done);
    for bytes in [MAX_PEER_ADDRESS_BYTES + 1, 500_000] {
        let outcome = cluster.run(register(bytes));
        let expected = refused(Item::PeerAddress, bytes, MAX_PEER_ADDRESS_BYTES);
        assert_eq!(outcome, expected);
    }
    let kept = &cluster.state.nodes()[&NodeId(2)].peer_address;
    assert_eq!(kept.len(), MAX_PEER_ADDRESS_BYTES);
}

#[test]
fn s12_names_and_lists_of_a_subnet_bounded() {
    let name = |bytes| "d".repeat(bytes);
    let long = MAX_DOMAIN_BYTES + 1;
    assert_eq!(
        put_subnet(|config| config.domain_name = Some(name(MAX_DOMAIN_BYTES))),
        Outcome::Done
    );
    assert_eq!(
        put_subnet(|config| config.domain_name = Some(name(long))),
        refused(Item::DomainName, long, MAX_DOMAIN_BYTES)
    );
    assert_eq!(
        put_subnet(|config| config.domain_search = vec![name(long)]),
        refused(Item::SearchDomain, long, MAX_DOMAIN_BYTES)
    );
    assert_eq!(
        put_subnet(|config| config.domain_search = vec![name(1); MAX_SEARCH_DOMAINS + 1]),
        too_many(Item::SearchDomains, MAX_SEARCH_DOMAINS)
    );
    assert_eq!(
        put_subnet(|config| config.dns_servers = vec![ip(5); MAX_SERVERS + 1]),
        too_many(Item::DnsServers, MAX_SERVERS)
    );
    assert_eq!(
        put_subnet(|config| config.ntp_servers = vec![ip(5); MAX_SERVERS + 1]),
        too_many(Item::NtpServers, MAX_SERVERS)
    );
    let route = (config((20, 254)).network, ip(5));
    assert_eq!(
        put_subnet(|config| config.classless_routes = vec![route; MAX_CLASSLESS_ROUTES + 1]),
        too_many(Item::ClasslessRoutes, MAX_CLASSLESS_ROUTES)
    );
    let range = AddressRange::new(ip(30), ip(31)).unwrap();
    assert_eq!(
        put_subnet(|config| config.excluded = vec![range; MAX_EXCLUDED_RANGES + 1]),
        too_many(Item::ExcludedRanges, MAX_EXCLUDED_RANGES)
    );
}

/// The largest subnet that every single limit allows is still a command.
#[test]
fn largest_subnet_fits_into_a_command() {
    let mut largest = config((20, 254));
    largest.domain_name = Some("d".repeat(MAX_DOMAIN_BYTES));
    largest.domain_search = vec!["d".repeat(MAX_DOMAIN_BYTES); MAX_SEARCH_DOMAINS];
    largest.dns_servers = vec![ip(5); MAX_SERVERS];
    largest.ntp_servers = vec![ip(5); MAX_SERVERS];
    largest.classless_routes = vec![(largest.network, ip(5)); MAX_CLASSLESS_ROUTES];
    largest.excluded = vec![AddressRange::new(ip(30), ip(31)).unwrap(); MAX_EXCLUDED_RANGES];
    largest.extra_options = (0..=255).map(|code| (code, vec![0; 255])).collect();
    let command = create(largest);
    assert_eq!(command.check_budget(), Ok(()));
}

/// A leader that lies may write an entry that nobody here would have proposed.
#[test]
fn s12_batch_beyond_an_entry_changes_nothing_the_clock_included() {
    let mut cluster = Driver::new((20, 254));
    let before = cluster.state.clone();
    let commands = vec![Command::TICK; MAX_BATCH_BYTES / 128];
    let outcomes = cluster.run_batch(commands.clone());
    assert_eq!(outcomes.len(), commands.len());
    for outcome in outcomes {
        assert_eq!(refused_for(&outcome), Some(Item::Batch), "{outcome:?}");
    }
    assert_eq!(cluster.state, before);
}
