//! The switch `net.ipv4.ip_forward` of this network namespace, through `/proc`.
//!
//! Blocking, for as long as a file in `/proc` takes. It is never switched off: others may need it.

use super::KernelError;
use std::path::{Path, PathBuf};
use std::{fs, io};

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// The file behind the switch.
#[derive(Debug)]
pub(super) struct Forwarding {
    path: PathBuf,
}

impl Default for Forwarding {
    fn default() -> Self {
        Self {
            path: PathBuf::from(IP_FORWARD),
        }
    }
}

impl Forwarding {
    pub(super) fn enabled(&self) -> Result<bool, KernelError> {
        let text = fs::read_to_string(&self.path).map_err(failed("reading", &self.path))?;
        Ok(text.trim() != "0")
    }

    pub(super) fn enable(&self) -> Result<(), KernelError> {
        fs::write(&self.path, "1\n").map_err(failed("writing 1 to", &self.path))
    }
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KernelError + 'a {
    move |source| KernelError::Forwarding {
        doing,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn the_error_names_the_file_the_cause_and_the_remedy() {
        let switch = Forwarding {
            path: PathBuf::from("/proc/no/such/file"),
        };
        let error = switch.enable().expect_err("there is no such file");
        let text = error.to_string();
        assert!(
            text.starts_with("writing 1 to /proc/no/such/file"),
            "{text}"
        );
        assert!(text.contains("net.ipv4.ip_forward=1 on the host"), "{text}");
        assert!(error.source().is_some());
    }
}
