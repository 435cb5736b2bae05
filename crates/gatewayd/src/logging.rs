//! Logging to standard error, one line a change.
//!
//! Lines go through a [`sink::Sink`], so that nobody waits for whoever reads them; lines that repeat
//! are counted instead of shown ([`repeat_filter`]).

mod repeat_filter;
mod sink;

use anyhow::{Context, Result};
use operator::audit::TARGET as AUDIT;
use repeat_filter::RepeatFilter;
use sink::Sink;
use std::fmt::Display;
use std::io::IsTerminal;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::FilterExt, fmt, reload};

/// How long the last lines may take to be written when the process ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where the log goes, and how much of it is wanted. Clones share it.
#[derive(Clone)]
pub struct Logging {
    sink: Sink,
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Logging {
    /// Begins. `level` is a level's name or a `tracing` filter.
    pub fn start(level: &str) -> Result<Self> {
        let sink = Sink::start(std::io::stderr()).context("starting the thread that logs")?;
        let (wanted, filter) = reload::Layer::new(filter(level)?);
        let repeats = RepeatFilter::new(sink.clone(), AUDIT);
        let lines = fmt::layer()
            .with_writer(sink.clone())
            .with_ansi(std::io::stderr().is_terminal())
            .log_internal_errors(false)
            .with_filter(wanted.and(repeats));
        tracing_subscriber::registry().with(lines).init();
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(target: "gatewayd", "a part of gatewayd has panicked, which is a bug: {panic}");
        }));
        Ok(Self { sink, filter })
    }

    /// Shows more or less from now on.
    pub fn set_level(&self, level: &str) -> Result<()> {
        self.filter
            .reload(filter(level)?)
            .context("changing what is logged")
    }

    /// Says why the process ends, whatever is logged.
    pub fn last_words(&self, words: &impl Display) {
        self.sink.line(format!("gatewayd: {words}\n").into_bytes());
    }

    /// Waits, not for long, until all lines are written.
    pub fn finish(&self) {
        self.sink.flush(LAST_LINES);
    }
}

/// openraft is quieter than the rest: it warns again and again of a peer that is away, of which
/// gatewayd says once, in its own words. Its errors stay.
fn filter(level: &str) -> Result<EnvFilter> {
    let directives = match level.to_ascii_lowercase().as_str() {
        "warning" | "warn" => "warn,openraft=error".to_owned(),
        "info" | "debug" => {
            format!("{level},openraft=error,sled=warn,h2=warn,tonic=warn,hyper=warn")
        }
        _ => level.to_owned(),
    };
    // Changes that operators make are logged whatever the level.
    let directives = format!("{directives},{AUDIT}=info");
    EnvFilter::try_new(&directives).with_context(|| {
        format!("LOG_LEVEL={level:?}: expected error, warn, info, debug, trace or a filter such as dhcpd=debug")
    })
}
