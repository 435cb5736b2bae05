//! Logging to standard error, one line an event.

use anyhow::{Context, Result};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// `level` is a level's name or a `tracing` filter. openraft is quieter than the rest: it logs
/// what gatewayd logs in its own words.
pub fn init(level: &str) -> Result<()> {
    let directives = match level.to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "info" | "debug" => {
            format!("{level},openraft=warn,sled=warn,h2=warn,tonic=warn,hyper=warn")
        }
        _ => level.to_owned(),
    };
    // Changes that operators make are logged whatever the level.
    let directives = format!("{directives},{}=info", crate::admin::audit::TARGET);
    let filter = EnvFilter::try_new(&directives).with_context(|| {
        format!("LOG_LEVEL={level:?}: expected error, warn, info, debug, trace or a filter such as dhcpd=debug")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}
