//! `gatewayctl source-nat …`.

use clap::Subcommand;
use ipam::{SourceNat, SourceNatRule};
use serde::Serialize;

use super::{Asked, Columns, Listed, Noun};
use crate::failure::Failure;
use crate::render::Column;

/// A longer list would make the table wider than 80 columns.
const SHOWN_ADDRESSES: usize = 3;

/// What can be done with source NAT rules.
#[derive(Debug, Subcommand)]
pub enum SourceNatVerbs {
    /// List the rules: how each subnet's traffic leaves by the uplink
    #[command(
        after_help = "A subnet without a rule is not translated. Of several addresses, each node uses the first that its\nhost has.\n\nExamples:\n  gatewayctl source-nat list\n  gatewayctl source-nat list --json"
    )]
    List,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceNatView {
    /// Whose traffic.
    pub subnet_id: u32,
    /// masquerade, snat or snat_pool.
    pub kind: &'static str,
    /// The source addresses; none for masquerade, which uses the uplink's.
    pub addresses: Vec<String>,
}

impl Noun for SourceNatRule {
    const NOUN: &'static str = "source-nat";
    const ABOUT: &'static str = "Source NAT: how a subnet's traffic leaves by the uplink";
    const NONE: &'static str = "No subnet is translated.";
    const COLUMNS: Columns<Self> = &[
        (Column::Right("SUBNET"), |listed| {
            listed.object.subnet.to_string()
        }),
        (Column::Left("KIND"), |listed| {
            kind(&listed.object).to_owned()
        }),
        (Column::Left("SOURCE ADDRESS"), |listed| {
            shown(&addresses(&listed.object))
        }),
    ];

    type Verbs = SourceNatVerbs;
    type View = SourceNatView;

    fn asked(verb: &SourceNatVerbs) -> Result<Asked, Failure> {
        match verb {
            SourceNatVerbs::List => Ok(Asked::List),
        }
    }

    fn view(listed: &Listed<Self>) -> SourceNatView {
        SourceNatView {
            subnet_id: listed.object.subnet.0,
            kind: kind(&listed.object),
            addresses: addresses(&listed.object),
        }
    }
}

const fn kind(rule: &SourceNatRule) -> &'static str {
    match rule.source_nat {
        SourceNat::Masquerade => "masquerade",
        SourceNat::Snat(_) => "snat",
        SourceNat::SnatPool(_) => "snat_pool",
    }
}

fn addresses(rule: &SourceNatRule) -> Vec<String> {
    match rule.source_nat {
        SourceNat::Masquerade => Vec::new(),
        SourceNat::Snat(address) => vec![address.to_string()],
        SourceNat::SnatPool(pool) => pool.addresses().iter().map(ToString::to_string).collect(),
    }
}

/// The addresses as a cell: of many, the first few and how many more.
fn shown(addresses: &[String]) -> String {
    if addresses.is_empty() {
        return "the uplink's".to_owned();
    }
    if addresses.len() <= SHOWN_ADDRESSES {
        return addresses.join(" ");
    }
    let (first, more) = addresses.split_at(SHOWN_ADDRESSES - 1);
    format!("{} and {} more", first.join(" "), more.len())
}
