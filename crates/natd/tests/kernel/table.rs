//! What is written is what is there, all of it or nothing, and only ours.

use crate::Test;
use crate::common::{assert_golden, empty, forward, many, node, open, two_subnets, usual};
use crate::sandbox::{chain_with_handles, list, nft};
use ipam::{NatView, Protocol};
use natd::NftKernel;
use natd::image::{Difference, Expression, TableImage, TableUpdate};
use natd::kernel::{Kernel, KernelError};
use natd::plan;
use natd::ruleset::TABLE;
use natd::table::TableId;
use std::time::Instant;

pub const TESTS: [Test; 9] = [
    ("reads_back_what_it_wrote", reads_back_what_it_wrote),
    ("nft_lists_what_is_planned", nft_lists_what_is_planned),
    (
        "elements_are_updated_in_place",
        elements_are_updated_in_place,
    ),
    (
        "plans_become_each_other_in_place",
        plans_become_each_other_in_place,
    ),
    (
        "a_bad_transaction_leaves_no_trace",
        a_bad_transaction_leaves_no_trace,
    ),
    (
        "foreign_tables_are_left_alone",
        foreign_tables_are_left_alone,
    ),
    (
        "second_table_of_ours_is_left_alone",
        second_table_of_ours_is_left_alone,
    ),
    ("foreign_edits_are_seen", foreign_edits_are_seen),
    ("ten_thousand_forwards", ten_thousand_forwards),
];

pub fn image(view: &NatView) -> TableImage {
    plan(view, &node()).expect("a plan").ruleset.image()
}

/// What leads from one to the other in place.
pub fn update(from: &TableImage, to: &TableImage) -> TableUpdate {
    match to.compare(Some(from)) {
        Some(Difference::Contents(update)) => update,
        other => panic!("not in place: {other:?}"),
    }
}

fn kernel() -> NftKernel {
    NftKernel::open().expect("a netlink socket")
}

fn read(kernel: &mut NftKernel) -> Option<TableImage> {
    kernel.read_table(TABLE).expect("the table can be read")
}

fn reads_back_what_it_wrote() {
    let mut kernel = kernel();
    assert_eq!(read(&mut kernel), None);
    for view in [usual(), two_subnets(), open(), empty(), usual()] {
        let wanted = image(&view);
        kernel
            .replace_table(TABLE, &wanted)
            .expect("the table is replaced");
        assert_eq!(read(&mut kernel), Some(wanted));
    }
}

fn nft_lists_what_is_planned() {
    let mut kernel = kernel();
    for (name, view) in [
        ("usual", usual()),
        ("two-subnets", two_subnets()),
        ("open", open()),
        ("empty", empty()),
    ] {
        kernel
            .replace_table(TABLE, &image(&view))
            .expect("the table is replaced");
        let listed = list();
        assert_golden(&format!("{name}.listed"), &listed);
        let planned = plan(&view, &node()).expect("a plan").ruleset.to_string();
        assert_eq!(words(&listed), words(&planned), "{listed}");
    }
}

/// Layout aside, nft wraps elements as it likes and orders those of a set as it holds them.
fn words(text: &str) -> Vec<String> {
    let text = text.replace("counter packets 0 bytes 0", "counter");
    let mut words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.trim_end_matches(',').to_owned())
        .collect();
    words.sort_unstable();
    words
}

fn elements_are_updated_in_place() {
    let mut kernel = kernel();
    let before = image(&usual());
    kernel
        .replace_table(TABLE, &before)
        .expect("the table is replaced");
    let handles = chain_with_handles("lan");
    let mut view = usual();
    view.forwards.remove(1);
    view.forwards[0].port = 9090;
    view.forwards.push(forward(Protocol::Udp, 5000, 30, 5000));
    let wanted = image(&view);
    kernel
        .update_table(TABLE, &update(&before, &wanted))
        .expect("the elements are updated");
    assert_eq!(read(&mut kernel), Some(wanted));
    assert_eq!(
        chain_with_handles("lan"),
        handles,
        "the same rules, not equal ones"
    );
}

fn plans_become_each_other_in_place() {
    let mut kernel = kernel();
    let mut before = image(&empty());
    kernel
        .replace_table(TABLE, &before)
        .expect("the table is replaced");
    for view in [
        usual(),
        two_subnets(),
        open(),
        empty(),
        open(),
        usual(),
        empty(),
    ] {
        let wanted = image(&view);
        kernel
            .update_table(TABLE, &update(&before, &wanted))
            .expect("the table is updated");
        assert_eq!(read(&mut kernel).as_ref(), Some(&wanted));
        before = wanted;
    }
}

fn a_bad_transaction_leaves_no_trace() {
    let mut kernel = kernel();
    let good = image(&usual());
    let mut bad = image(&open());
    let nonsense = Expression::Verdict {
        code: libc::NFT_JUMP,
        chain: Some("nowhere".to_owned()),
    };
    bad.chains[2].rules.push(vec![nonsense]);
    for before in [None, Some(good)] {
        if let Some(table) = &before {
            kernel
                .replace_table(TABLE, table)
                .expect("the table is replaced");
        }
        match kernel.replace_table(TABLE, &bad) {
            Err(KernelError::Refused { doing, source }) => {
                assert_eq!(doing, "adding rule 7 to chain postrouting");
                assert_eq!(source.raw_os_error(), Some(libc::ENOENT));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(read(&mut kernel), before);
    }
}

fn foreign_tables_are_left_alone() {
    nft(
        "add table ip6 gatewayd; add table inet gatewayd2; add chain inet gatewayd2 c; add rule inet gatewayd2 c drop",
    );
    nft(
        "add table bridge gatewayd; add set bridge gatewayd s { type ifname; elements = { \"a\", \"b\" }; }",
    );
    let others = nft("list ruleset");
    let mut kernel = kernel();
    let wanted = image(&usual());
    kernel
        .replace_table(TABLE, &wanted)
        .expect("the table is replaced");
    kernel
        .replace_table(TABLE, &wanted)
        .expect("the table is replaced again");
    assert_eq!(read(&mut kernel), Some(wanted));
    nft("delete table inet gatewayd");
    assert_eq!(nft("list ruleset"), others);
}

/// Each call is about the table that it names: two tables of ours do not know of each other.
fn second_table_of_ours_is_left_alone() {
    const SECOND: TableId = TableId::inet("gatewayd_second");
    const OTHER_FAMILY: TableId = TableId::ip(SECOND.name);
    let mut kernel = kernel();
    let (first, mut second) = (image(&usual()), image(&empty()));
    kernel.replace_table(TABLE, &first).expect("the first");
    let listed = list();
    assert_eq!(kernel.read_table(SECOND).expect("readable"), None);
    kernel.replace_table(SECOND, &second).expect("the second");
    kernel
        .update_table(SECOND, &update(&second, &image(&open())))
        .expect("the second is updated");
    second = image(&open());
    assert_eq!(list(), listed);
    kernel
        .replace_table(TABLE, &first)
        .expect("the first again");
    assert_eq!(kernel.read_table(SECOND).expect("readable"), Some(second));
    assert!(!kernel.remove_table(OTHER_FAMILY).expect("nothing to do"));
    assert!(kernel.remove_table(SECOND).expect("removed"));
    assert_eq!(kernel.read_table(SECOND).expect("readable"), None);
    assert_eq!(read(&mut kernel), Some(first));
}

/// Each of these changes what some packet meets.
const FOREIGN_EDITS: [&str; 15] = [
    "flush ruleset",
    "flush table inet gatewayd",
    "flush chain inet gatewayd lan",
    "add table inet gatewayd { flags dormant; }",
    "add chain inet gatewayd prerouting { policy drop; }",
    "add chain inet gatewayd extra { type filter hook input priority 0; }",
    "insert rule inet gatewayd lan accept",
    "insert rule inet gatewayd lan counter",
    "insert rule inet gatewayd lan limit rate 1/second drop",
    "add rule inet gatewayd postrouting masquerade random",
    "add rule inet gatewayd prerouting tcp dport 22 redirect to :2222",
    "add element inet gatewayd tcp_forwards { 443 : 10.15.3.66 . 443 }",
    "delete element inet gatewayd tcp_forwards { 80 }",
    "flush map inet gatewayd udp_forwards",
    "add set inet gatewayd extra { type ipv4_addr; }",
];

fn foreign_edits_are_seen() {
    let mut kernel = kernel();
    let wanted = image(&usual());
    for edit in FOREIGN_EDITS {
        kernel
            .replace_table(TABLE, &wanted)
            .expect("the table is replaced");
        nft(edit);
        let found = read(&mut kernel);
        let difference = wanted
            .compare(found.as_ref())
            .unwrap_or_else(|| panic!("not seen: {edit}"));
        println!("  {edit}: {difference}");
    }
    replaced_rules_are_seen(&mut kernel, &wanted, &TWISTS);
    replaced_rules_are_seen(&mut kernel, &image(&two_subnets()), &SNAT_TWISTS);
}

/// What is replaced in which chain, by what.
const TWISTS: [(&str, &str, &str); 5] = [
    ("postrouting", "masquerade", "masquerade random"),
    ("lan", "established,related accept", "established accept"),
    ("lan", "ct status dnat accept", "ct status snat accept"),
    (
        "port_forwards",
        "fib daddr type != local return",
        "fib daddr type local return",
    ),
    ("port_forwards", "tcp dport map", "tcp sport map"),
];
const SNAT_TWISTS: [(&str, &str, &str); 2] = [
    (
        "postrouting",
        "snat ip to 203.0.113.7",
        "snat ip to 203.0.113.7 persistent",
    ),
    (
        "postrouting",
        "snat ip to 203.0.113.7",
        "snat ip to 203.0.113.7-203.0.113.8",
    ),
];

/// Each rule is replaced by itself with a twist that only its expressions show.
fn replaced_rules_are_seen(
    kernel: &mut NftKernel,
    wanted: &TableImage,
    twists: &[(&str, &str, &str)],
) {
    for (chain, from, to) in twists.iter().copied() {
        kernel
            .replace_table(TABLE, wanted)
            .expect("the table is replaced");
        let listed = chain_with_handles(chain);
        let rule = listed
            .lines()
            .find(|line| line.contains(from))
            .unwrap_or_else(|| panic!("{from} in {listed}"));
        let (rule, handle) = rule.split_once(" # handle ").expect("a handle");
        nft(&format!(
            "replace rule inet gatewayd {chain} handle {handle} {}",
            rule.trim().replace(from, to)
        ));
        let found = read(kernel);
        let difference = wanted
            .compare(found.as_ref())
            .unwrap_or_else(|| panic!("not seen: {to}"));
        println!("  {to}: {difference}");
    }
}

fn ten_thousand_forwards() {
    let mut kernel = kernel();
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        println!("  {what}: {:?}", start.elapsed());
    };
    let wanted = image(&many(10_000));
    timed("10,000 forwards, new", &mut || {
        kernel.replace_table(TABLE, &wanted).expect("created")
    });
    timed("10,000 forwards, read", &mut || {
        assert_eq!(
            wanted.compare(kernel.read_table(TABLE).expect("read").as_ref()),
            None
        );
    });
    timed("10,000 forwards, replaced", &mut || {
        kernel.replace_table(TABLE, &wanted).expect("replaced")
    });
    let one_more = image(&many(10_001));
    timed("one more", &mut || {
        kernel
            .update_table(TABLE, &update(&wanted, &one_more))
            .expect("added")
    });
    timed("one fewer", &mut || {
        kernel
            .update_table(TABLE, &update(&one_more, &wanted))
            .expect("removed")
    });
    assert_eq!(wanted.compare(read(&mut kernel).as_ref()), None);
    let all = image(&every_port());
    timed(
        "131,070 forwards, replaced",
        &mut || match kernel.replace_table(TABLE, &all) {
            Err(KernelError::TooLarge { bytes, limit }) => {
                println!("  {bytes} bytes; an ordinary user has {limit}")
            }
            result => result.expect("replaced"),
        },
    );
}

/// The most that can be asked.
fn every_port() -> NatView {
    let forwards = [Protocol::Tcp, Protocol::Udp]
        .into_iter()
        .flat_map(|protocol| (1..=u16::MAX).map(move |port| forward(protocol, port, 20, port)))
        .collect();
    NatView {
        forwards,
        ..usual()
    }
}
