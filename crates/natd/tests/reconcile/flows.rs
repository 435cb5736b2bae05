//! Tracked connections: which end, and which stay.

use crate::common::usual;
use crate::running::Running;
use natd::flows::{Flow, Way};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub fn flow(public: &str, target: &str) -> Flow {
    let end = |text: &str| text.parse().expect("an address and a port");
    Flow {
        protocol: 6,
        original: Way {
            from: end("198.51.100.9:40000"),
            to: end(public),
        },
        reply: Way {
            from: end(target),
            to: end("10.15.3.10:40000"),
        },
        destination_translated: true,
    }
}

#[tokio::test(start_paused = true)]
async fn flows_of_what_is_withdrawn_end_and_others_stay() {
    let mut running = Running::in_sync(usual()).await;
    let (gone, stays) = (
        flow("203.0.113.1:80", "10.15.3.20:8080"),
        flow("203.0.113.1:2222", "10.15.3.21:22"),
    );
    running
        .kernel
        .edit_silently(|state| state.flows = vec![gone, stays]);
    let mut next = usual();
    next.forwards.remove(0);
    running.views.send_replace(Arc::new(next.into()));
    running
        .until("the view", |status| status.applied_generation == 2)
        .await;
    assert_eq!(running.kernel.state().flows, [stays]);
}

/// No new tenant inherits a flow, not even one that a forward makes to its address.
#[tokio::test(start_paused = true)]
async fn flows_of_a_vacated_address_end() {
    let running = Running::in_sync(usual()).await;
    let (gone, stays) = (
        flow("203.0.113.1:80", "10.15.3.20:8080"),
        flow("203.0.113.1:2222", "10.15.3.21:22"),
    );
    running
        .kernel
        .edit_silently(|state| state.flows = vec![gone, stays]);
    running
        .vacated
        .add([std::net::Ipv4Addr::new(10, 15, 3, 20)]);
    let ended = async {
        while running.kernel.state().flows != [stays] {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(1), ended)
        .await
        .expect("within a second");
}
