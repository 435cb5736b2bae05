//! `gatewayctl status`.

use std::time::Duration;

use clap::Args;

/// What `status` takes besides.
#[derive(Clone, Copy, Debug, Args)]
pub struct StatusArgs {
    /// Wait until the node answers and all is well, at most so long [default when given: 60]
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "60",
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub wait: Option<u64>,
}

impl StatusArgs {
    /// For how long to wait, if at all.
    #[must_use]
    pub fn patience(self) -> Option<Duration> {
        self.wait.map(Duration::from_secs)
    }
}
