//! What people and programs see, against golden files.

mod support;

use gatewayctl::render::{self, Style};
use gatewayctl::view::{EventView, ForwardView, LeaseView, ReservationView, StatusView};
use serde::Serialize;
use support::golden::assert_golden;
use support::sample;

const HUNDRED: Style = Style {
    colours: false,
    columns: Some(100),
};
const COLOURED: Style = Style {
    colours: true,
    columns: Some(100),
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
    assert_golden("status.txt", &render::status(&view, HUNDRED));
    assert_golden("status.json", &json(&view));
}

#[test]
fn status_of_a_silent_node() {
    let view = StatusView::from(sample::silent());
    assert_golden("status-silent.txt", &render::status(&view, HUNDRED));
    assert_golden(
        "status-silent-coloured.txt",
        &render::status(&view, COLOURED),
    );
}

#[test]
fn status_before_bootstrap() {
    let view = StatusView::from(sample::fresh());
    assert_golden("status-fresh.txt", &render::status(&view, HUNDRED));
    assert_golden("status-fresh.json", &json(&view));
}

#[test]
fn a_hundred_columns_suffice() {
    for status in [sample::status(), sample::silent(), sample::fresh()] {
        let text = render::status(&status.into(), Style::PLAIN);
        let longest = text
            .lines()
            .filter(|line| !line.starts_with("- "))
            .map(str::len)
            .max();
        assert!(longest <= Some(100), "{longest:?} columns:\n{text}");
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

#[test]
fn forwards() {
    let views: Vec<ForwardView> = views(sample::forwards());
    assert_golden("forward-list.txt", &render::forwards(&views, HUNDRED));
    assert_golden("forward-list.json", &json(&views));
}

#[test]
fn reservations() {
    let views: Vec<ReservationView> = views(sample::reservations());
    assert_golden(
        "reservation-list.txt",
        &render::reservations(&views, HUNDRED),
    );
    assert_golden("reservation-list.json", &json(&views));
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
