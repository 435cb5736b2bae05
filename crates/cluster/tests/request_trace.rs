//! One id shows the whole life of a request on all nodes, and of no other request.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::{Cluster, Start};
use ipam::{Outcome, RequestId};
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::future::Future;
use std::sync::{Arc, Mutex};
use support::*;
use tokio::runtime::{Builder, Runtime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// Who said what in the span of a request.
#[derive(Clone, Debug)]
struct Line {
    /// The thread, which has the node's name.
    node: String,
    /// The fields of all spans around it, each as often as it is there.
    spans: String,
    text: String,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let ours = ["cluster", "raft_store"];
        let name = metadata.target().split("::").next().unwrap();
        *metadata.level() <= Level::DEBUG && ours.contains(&name)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(scope) = context.event_scope(event) else {
            return;
        };
        let mut spans = String::new();
        for span in scope {
            spans += &span.extensions().get::<Fields>().unwrap().0;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push(Line {
            node: std::thread::current().name().unwrap_or_default().to_owned(),
            spans,
            text: fields.0,
        });
    }
}

impl Lines {
    /// What each node said of a request, in its order; without what differs from run to run.
    fn of(&self, request: RequestId) -> BTreeMap<String, Vec<String>> {
        let mut said: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in self.0.lock().unwrap().iter() {
            if line.spans == format!(" request={request}") {
                let words = line.text.split(' ');
                let words =
                    words.filter(|word| !word.starts_with("index=") && !word.starts_with("term="));
                let words: Vec<_> = words.collect();
                said.entry(line.node.clone())
                    .or_default()
                    .push(words.join(" "));
            }
        }
        said
    }
}

/// A runtime for each node, whose threads have the node's name.
fn runtime(node: u64) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(1).enable_all();
    builder.thread_name(format!("node {node}")).build().unwrap()
}

fn on<T: Send + 'static>(runtime: &Runtime, work: impl Future<Output = T> + Send + 'static) -> T {
    runtime.block_on(runtime.spawn(work)).unwrap()
}

fn up(site: &Arc<Site>, runtimes: &[Runtime]) -> Vec<Cluster> {
    let starts = (1..).zip(runtimes).map(|(node, runtime)| {
        let site = Arc::clone(site);
        on(runtime, async move {
            let how = match node {
                1 => bootstrap(),
                _ => Start::Join(vec![site.address(1)]),
            };
            site.start(node, &how).await
        })
    });
    let nodes: Vec<_> = starts.collect();
    for (node, runtime) in nodes.iter().cloned().zip(runtimes) {
        on(runtime, async move { in_service(&node).await });
    }
    nodes
}

/// Many at once, so that they share batches: the ids of them.
fn ask(node: &Cluster, runtime: &Runtime, clients: std::ops::Range<u16>) -> Vec<(u16, RequestId)> {
    let node = node.clone();
    on(runtime, async move {
        let asked: Vec<_> = clients.map(|number| (number, node.new_request())).collect();
        let asking = asked
            .iter()
            .map(|(number, request)| node.propose(*request, offer(node.node(), *number)));
        for outcome in futures::future::join_all(asking).await {
            assert!(matches!(outcome, Ok(Outcome::Offered(_))), "{outcome:?}");
        }
        asked
    })
}

#[test]
fn request_of_a_follower_has_one_id_from_proposed_to_applied_on_every_node() {
    let lines = Lines::default();
    let subscriber = Registry::default().with(lines.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let site = Arc::new(Site::new(3));
    let runtimes: Vec<_> = (1..=3).map(runtime).collect();
    let nodes = up(&site, &runtimes);
    let leader = leader_of(&nodes).unwrap();
    let [follower, other] = [(leader + 1) % 3, (leader + 2) % 3];
    let of_follower = ask(&nodes[follower], &runtimes[follower], 1..20);
    let of_leader = ask(&nodes[leader], &runtimes[leader], 20..40);
    let all = nodes.clone();
    on(&runtimes[leader], async move { converged(&all).await });

    let name = |place: usize| format!("node {}", place + 1);
    for (number, request) in &of_follower {
        let said = lines.of(*request);
        let address = nodes[other].read(|state| {
            let leases = state.subnets()[&SUBNET].leases();
            let key = ipam::ClientKey::Hardware(client(*number).hardware);
            leases
                .iter()
                .find(|(_, lease)| lease.client == key)
                .unwrap()
                .0
        });
        let applied = format!("applied outcome=offered {address}");
        let mut at_follower = said[&name(follower)].clone();
        // The leader's answer, and the entry itself by replication, may come in any order.
        at_follower[2..].sort();
        let forwarding = format!("forwarding leader={}", leader + 1);
        let expected = [
            "proposed command=OfferLease",
            &forwarding,
            "answered",
            &applied,
        ];
        assert_eq!(at_follower, expected, "{said:#?}");
        let received = format!("received command=OfferLease node={}", follower + 1);
        let mut at_leader = said[&name(leader)].clone();
        at_leader[2..].sort();
        let expected = [&received, "handed to Raft", &applied, "committed"];
        assert_eq!(at_leader, expected, "{said:#?}");
        assert_eq!(said[&name(other)], [applied], "{said:#?}");
    }
    for (_, request) in &of_leader {
        let said = lines.of(*request);
        let at_leader = &said[&name(leader)];
        assert_eq!(
            at_leader[..2],
            ["proposed command=OfferLease", "handed to Raft"],
            "{said:#?}"
        );
        assert_eq!(at_leader.len(), 4, "{said:#?}");
        for follower in [follower, other] {
            assert_eq!(said[&name(follower)].len(), 1, "{said:#?}");
        }
    }
    // Nothing is said in the spans of two requests, be it of one batch.
    for line in lines.0.lock().unwrap().iter() {
        assert_eq!(line.spans.matches("request=").count(), 1, "{line:?}");
    }
}
