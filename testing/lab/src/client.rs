//! The real, unmodified DHCP clients of Debian, in virtual machines, with the distribution's scripts.

mod dhclient;
mod dhcpcd;
mod manager;
mod session;
mod udhcpc;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;

pub use dhclient::Dhclient;
pub use dhcpcd::Dhcpcd;
pub use manager::Manager;
pub use udhcpc::Udhcpc;

use crate::topology::Vm;

/// What one can do with a DHCP client from outside.
pub trait DhcpClient {
    /// The program's name.
    fn name(&self) -> &'static str;

    /// The machine it runs in.
    fn vm(&self) -> &Vm;

    /// The server that answered last.
    fn server(&self) -> Result<Ipv4Addr>;

    /// Starts it and waits for an address and a default route on the interface.
    fn obtain(&mut self, within: Duration) -> Result<Ipv4Addr>;

    /// Waits for a renewed lease: at once where the client can be told to, else at its own T1.
    fn renew(&mut self, within: Duration) -> Result<()>;

    /// Has it give the address back, and waits until the interface has none.
    fn release(&mut self, within: Duration) -> Result<()>;

    /// Kills it as a power cut would, empties the interface, and starts it with what it remembers.
    fn reboot(&mut self, within: Duration) -> Result<Ipv4Addr>;
}
