//! A packet's lines in the log are in one span. In a process of its own: other tests, which listen to nothing, would
//! have tracing forget who listens here.

mod lines;
mod link;

use dhcpd::testing::PacketBuilder;
use lines::Lines;
use link::{Bench, LISTEN_IP, MAC};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The spans that lines are said in, and what is said in each, in order.
fn by_span(lines: &Lines) -> Vec<(String, Vec<String>)> {
    let mut spans: Vec<(String, Vec<String>)> = Vec::new();
    for (span, line) in lines.take() {
        match spans.iter_mut().find(|(known, _)| *known == span) {
            Some((_, lines)) => lines.push(line),
            None => spans.push((span, vec![line])),
        }
    }
    spans
}

#[tokio::test(start_paused = true)]
async fn packet_is_in_one_span_from_received_to_replied_with_the_id_that_the_port_gave() {
    let (bench, server) = Bench::new();
    let lines = Lines::default();
    let _listening = lines.listen();
    let request = |server: Ipv4Addr, xid| {
        let request = PacketBuilder::request(MAC).requested(Ipv4Addr::new(10, 15, 3, 20));
        request.server(server).xid(xid)
    };
    let client = async {
        bench.says(&PacketBuilder::discover(MAC).xid(0xa1)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.says(&request(LISTEN_IP, 0xa2)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench
            .says(&request(Ipv4Addr::new(10, 15, 3, 99), 0xa3))
            .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    server.run(client).await.expect("the link stays");
    let requests = bench.service.take_requests();
    assert_eq!(requests.len(), 2, "one command each");
    let span = |request: &str, xid: &str, kind: &str| {
        format!("request={request} xid={xid} client=02:00:00:00:00:01 message_type={kind}")
    };
    let said = by_span(&lines);
    let said: Vec<_> = said.iter().filter(|(span, _)| !span.is_empty()).collect();
    let [(discover, offered), (request, granted), (other, silent)] = said[..] else {
        panic!("three packets: {said:#?}")
    };
    assert_eq!(
        *discover,
        span(&requests[0].to_string(), "0xa1", "discover")
    );
    assert_eq!(*request, span(&requests[1].to_string(), "0xa2", "request"));
    let next = ipam::RequestId(requests[1].0 + 1).to_string();
    assert_eq!(*other, span(&next, "0xa3", "request"));
    assert_eq!(offered[..], ["received", "lease offered"]);
    assert_eq!(granted[..], ["received", "lease granted"]);
    assert_eq!(silent[..], ["received", "no reply"]);
}
