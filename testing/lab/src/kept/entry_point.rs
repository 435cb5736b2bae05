//! Something that can be entered: a host, the internet, a virtual machine.

use serde::{Deserialize, Serialize};

use crate::netns::Netns;
use crate::topology::Vm;

/// Its name, and how `nsenter` gets there from within the lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    name: String,
    nsenter: Vec<String>,
}

impl EntryPoint {
    /// A network namespace.
    pub fn network(name: &str) -> Self {
        let netns = Netns::named(name);
        Self {
            name: name.to_owned(),
            nsenter: vec![format!("--net={}", netns.path().display())],
        }
    }

    /// A virtual machine: its network, mounts and host name.
    pub fn machine(vm: &Vm) -> Self {
        Self {
            name: vm.name().to_owned(),
            nsenter: vm.nsenter_args(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments.
    pub fn nsenter_args(&self) -> &[String] {
        &self.nsenter
    }
}
