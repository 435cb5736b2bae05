//! What people and programs see, against golden files.

mod support;

use gatewayctl::render::{self, Style};
use gatewayctl::view::{EventView, ExplainView, LeaseView, StatusView};
use serde::Serialize;
use support::golden::assert_golden;
use support::sample;

const EIGHTY: Style = Style {
    colours: false,
    columns: Some(80),
};
const HUNDRED: Style = Style {
    colours: false,
    columns: Some(100),
};
const COLOURED: Style = Style {
    colours: true,
    columns: Some(80),
};

fn views<M, V: From<M>>(messages: Vec<M>) -> Vec<V> {
    messages.into_iter().map(V::from).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("views are JSON") + "\n"
}

#[test]
fn status_of_a_serving_node() {
    let view = StatusView::from(sample::status());
    assert_golden("status.txt", &render::status(&view, EIGHTY));
    assert_golden("status.json", &json(&view));
    let healthy = StatusView::from(sample::healthy());
    assert_golden("status-healthy.txt", &render::status(&healthy, EIGHTY));
}

#[test]
fn status_of_a_node_that_does_not_serve() {
    let view = StatusView::from(sample::not_serving());
    assert_golden("status-not-serving.txt", &render::status(&view, EIGHTY));
    assert_golden(
        "status-not-serving-coloured.txt",
        &render::status(&view, COLOURED),
    );
}

#[test]
fn status_before_bootstrap() {
    let view = StatusView::from(sample::fresh());
    assert_golden("status-fresh.txt", &render::status(&view, EIGHTY));
    assert_golden("status-fresh.json", &json(&view));
}

/// Addresses as long as they come, and the words of the field report that once were broken.
fn wide() -> api::proto::admin::StatusResponse {
    let mut status = sample::status();
    for member in &mut status.members {
        member.listen_ip = "172.31.255.253".to_owned();
        member.peer_address = "172.31.255.253:17066".to_owned();
    }
    for subnet in &mut status.subnets {
        subnet.network = "172.31.255.128/25".to_owned();
        subnet.pool = "172.31.255.130-172.31.255.254".to_owned();
    }
    status
}

#[test]
fn eighty_columns_suffice_and_no_word_is_broken() {
    let statuses = [
        sample::healthy(),
        sample::status(),
        sample::not_serving(),
        sample::fresh(),
        wide(),
    ];
    for status in statuses {
        let words: Vec<String> = status
            .members
            .iter()
            .flat_map(|m| [m.listen_ip.clone(), m.peer_address.clone()])
            .chain(
                status
                    .subnets
                    .iter()
                    .flat_map(|s| [s.network.clone(), s.pool.clone()]),
            )
            .collect();
        // With and without a terminal.
        for style in [EIGHTY, Style::PLAIN] {
            let text = render::status(&status.clone().into(), style);
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(80), "{longest:?} columns:\n{text}");
            for word in &words {
                assert!(text.contains(word.as_str()), "{word} is broken:\n{text}");
            }
        }
    }
}

#[test]
fn lists_break_no_word_at_eighty_columns() {
    let views: Vec<LeaseView> = views(sample::leases());
    let text = render::leases(&views, EIGHTY);
    for word in [
        "quarantined",
        "id:ff:00:00:00:01:00:01:2c:aa",
        "10.15.3.254",
    ] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn leases() {
    let views: Vec<LeaseView> = views(sample::leases());
    assert_golden("lease-list.txt", &render::leases(&views, HUNDRED));
    assert_golden("lease-list.json", &json(&views));
    assert_golden("lease-show.txt", &render::lease(&views[1], HUNDRED));
    assert_golden("lease-show.json", &json(&views[1]));
    assert_eq!(render::leases(&[], HUNDRED), "No leases.\n");
}

/// What was seen of a client fits 80 columns, whatever it is.
#[test]
fn explain() {
    let view = ExplainView::from(sample::explained());
    let text = render::explain(&view, HUNDRED);
    assert_golden("explain.txt", &text);
    assert_golden("explain.json", &json(&view));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let unheard = ExplainView {
        packets: Vec::new(),
        nodes: Vec::new(),
        ..view
    };
    let text = render::explain(&unheard, HUNDRED);
    assert!(text.starts_with("No node that answered has heard 02:aa:00:00:00:01"));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn events() {
    let views: Vec<EventView> = views(sample::events());
    let text: String = views
        .iter()
        .map(|view| render::event(view, HUNDRED))
        .collect();
    assert_golden("watch.txt", &text);
    assert_golden("watch.json", &json(&views));
}
