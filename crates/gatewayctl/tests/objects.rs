//! The lists of objects as people and programs see them: golden files, and what holds of every kind.

mod support;

use std::net::Ipv4Addr;

use gatewayctl::objects::{Listed, Noun};
use gatewayctl::render::Style;
use ipam::{
    Forward, Kind, Reservation, SnatPool, SourceNat, SourceNatRule, SubnetConfig, SubnetId,
};
use support::golden::assert_golden;
use support::objects;

fn listed<T: Noun>(kind: Kind) -> Vec<Listed<T>> {
    let objects = objects::listed(kind).into_iter();
    let listed: Result<_, _> = objects.map(Listed::read).collect();
    listed.expect("a list of the kind")
}

fn assert_list<T: Noun>(name: &str) {
    let listed = listed::<T>(T::KIND);
    let text = Listed::list(&listed, Style::PLAIN);
    assert_golden(&format!("{name}.txt"), &text);
    let json = serde_json::to_string_pretty(&listed).expect("objects are JSON") + "\n";
    assert_golden(&format!("{name}.json"), &json);
}

#[test]
fn forwards() {
    assert_list::<Forward>("forward-list");
    assert_eq!(
        Listed::<Forward>::list(&[], Style::PLAIN),
        "No port is forwarded.\n"
    );
}

#[test]
fn reservations() {
    assert_list::<Reservation>("reservation-list");
}

#[test]
fn subnets() {
    assert_list::<SubnetConfig>("subnet-list");
}

#[test]
fn source_nat() {
    assert_list::<SourceNatRule>("source-nat-list");
}

/// As many addresses as there can be, each as long as they come.
#[test]
fn source_nat_to_many_addresses_fits() {
    let pool = SnatPool::new(&[Ipv4Addr::BROADCAST; 16]).expect("16 addresses");
    let rule = SourceNatRule {
        subnet: SubnetId(u32::MAX),
        source_nat: SourceNat::SnatPool(pool),
    };
    let one = Listed {
        object: rule,
        revision: 1,
        now: None,
    };
    let text = Listed::list(&[one], Style::PLAIN);
    assert!(text.contains(" and 14 more"), "{text}");
    assert_narrow(&text);
}

/// Every kind, also one that is added later.
macro_rules! every_kind {
    ($($module:ident::$object:ident = $number:literal;)*) => {
        #[test]
        fn every_list_fits_eighty_columns_and_has_revisions() {
            $(assert_kind::<ipam::$object>();)*
        }
    };
}

ipam::for_each_kind!(every_kind);

fn assert_kind<T: Noun>() {
    let listed = listed::<T>(T::KIND);
    assert!(!listed.is_empty(), "{}", T::NOUN);
    assert_narrow(&Listed::list(&listed, Style::PLAIN));
    for one in &listed {
        let json = serde_json::to_value(one).expect("objects are JSON");
        assert_eq!(json["revision"], one.revision, "{json}");
    }
}

#[track_caller]
fn assert_narrow(text: &str) {
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?} columns:\n{text}");
}

#[test]
fn object_of_another_kind_is_unreadable() {
    let mut subnets = objects::listed(Kind::SubnetConfig);
    let error = subnets.pop().map(Listed::<Forward>::read);
    let error = error.expect("a subnet").expect_err("it is no forward");
    assert!(
        error.to_string().starts_with("Forward is missing"),
        "{error}"
    );
}
