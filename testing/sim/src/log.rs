//! The product's own log lines, in the trace of the run that they belong to.
//!
//! Only while a trace is printed: they are for reading, and are no part of what two runs must have
//! alike. openraft's are left out; they show the wall clock.

use std::cell::RefCell;
use std::fmt::Write;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, registry};

use crate::trace::Trace;

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// The crates whose lines are shown.
const SHOWN: [&str; 7] = [
    "audit",
    "cluster",
    "dhcpd",
    "natd",
    "node",
    "raft_store",
    "sim",
];

/// From now on this process's log lines go into the traces of the threads that write them.
pub fn into_traces() {
    // A second call changes nothing, and means the same.
    drop(tracing::subscriber::set_global_default(
        registry().with(Lines),
    ));
}

/// Where this thread's lines go.
pub(crate) fn set_trace(trace: Option<Trace>) {
    TRACE.set(trace);
}

struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        let crate_name = target.split("::").next().unwrap_or_default();
        // Why a client got no answer, and what was proposed for it, is said at this level.
        let most = match crate_name {
            "dhcpd" | "sim" => Level::DEBUG,
            _ => Level::INFO,
        };
        if *event.metadata().level() > most || !SHOWN.contains(&crate_name) {
            return;
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        TRACE.with_borrow(|trace| {
            if let Some(trace) = trace {
                trace.remark(format_args!("{target}: {}", text.0));
            }
        });
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let written = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
        written.expect("writing into a string does not fail");
    }
}
