//! What runs a machine's network and has a DHCP client of its own: systemd-networkd, and NetworkManager on a private
//! D-Bus.
//!
//! Both want `/sys` to be read-only: then they wait for no udev.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::session::{Marks, Session};
use crate::topology::{Host, Vm};
use crate::unpacked::Unpacked;

/// Debug output: an ACK is told at that level only.
const NETWORKD_MARKS: Marks = Marks {
    ack: "DHCPv4 client: ACK",
    server: " acquired from ",
    ready: " acquired from ",
};

/// It becomes `systemd-network` where there is such a user, and here that one is root, the only user there is.
const NETWORKD: &str = r#"
set -e
grep -q '^sysfs /sys sysfs ro' /proc/self/mounts || mount -t sysfs -o ro sysfs /sys
sed -i '/^systemd-network:/d' /etc/passwd
echo 'systemd-network:x:0:0::/:/bin/false' >> /etc/passwd
mkdir -p /etc/systemd/network /run/systemd/netif
rm -f /etc/systemd/network/*
printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n' > /etc/systemd/network/eth0.network
SYSTEMD_LOG_LEVEL=debug exec "$1"
"#;

const NETWORK_MANAGER_MARKS: Marks = Marks {
    ack: "event: received ACK of ",
    server: "event: received ACK of ",
    ready: "state changed new lease",
};

/// Its leases are below `/var/lib`, which outlives its process and not the machine.
const NETWORK_MANAGER: &str = r#"
set -e
grep -q '^sysfs /sys sysfs ro' /proc/self/mounts || mount -t sysfs -o ro sysfs /sys
if [ ! -S /run/dbus/socket ]; then
    mount -t tmpfs tmpfs /var/lib
    mkdir -p /var/lib/NetworkManager /run/dbus /run/manager/conf.d
    cat > /run/dbus/configuration <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/socket</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
END
    "$2" --config-file=/run/dbus/configuration --fork --nopidfile
    printf '[main]\nplugins=keyfile\ndhcp=internal\ndns=none\n' > /run/manager/configuration
    mkdir -p /etc/NetworkManager/system-connections
    connection=/etc/NetworkManager/system-connections/eth0.nmconnection
    printf '[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n' > $connection
    printf '[ipv4]\nmethod=auto\n[ipv6]\nmethod=disabled\n' >> $connection
    chmod 600 $connection
fi
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/socket
exec "$1" --debug --config /run/manager/configuration --config-dir /run/manager/conf.d \
    --system-config-dir /run/manager/conf.d --intern-config /run/manager/intern --state-file /run/manager/state \
    --log-level=DEBUG --log-domains=CORE,DEVICE,DHCP4
"#;

/// One that runs in a machine, or will.
#[derive(Debug)]
pub struct Manager {
    session: Session,
    setup: &'static str,
    programs: Vec<PathBuf>,
    libraries: OsString,
}

impl Manager {
    /// systemd-networkd in `vm`, not started; its log goes to `log_dir`.
    pub fn networkd(vm: Vm, log_dir: PathBuf, unpacked: &Unpacked) -> Self {
        Self {
            session: Session::new(vm, log_dir, "systemd-networkd", NETWORKD_MARKS),
            setup: NETWORKD,
            programs: vec![unpacked.program("lib/systemd/systemd-networkd")],
            libraries: unpacked.libraries().into(),
        }
    }

    /// NetworkManager in `vm`, with its internal client, not started; its log goes to `log_dir`.
    pub fn network_manager(vm: Vm, log_dir: PathBuf, unpacked: &Unpacked) -> Self {
        let programs = ["usr/sbin/NetworkManager", "usr/bin/dbus-daemon"];
        Self {
            session: Session::new(vm, log_dir, "NetworkManager", NETWORK_MANAGER_MARKS),
            setup: NETWORK_MANAGER,
            programs: programs.map(|path| unpacked.program(path)).to_vec(),
            libraries: unpacked.libraries().into(),
        }
    }

    /// The program's name.
    pub fn name(&self) -> &'static str {
        self.session.program()
    }

    /// The machine it runs in.
    pub fn vm(&self) -> &Vm {
        self.session.vm()
    }

    /// Starts it and waits for an address and a default route on the interface.
    pub fn obtain(&mut self, within: Duration) -> Result<Ipv4Addr> {
        let mut command = self.vm().command("sh");
        command
            .args(["-c", self.setup, "sh"])
            .args(&self.programs)
            .env("LD_LIBRARY_PATH", &self.libraries);
        self.session.start_command(&mut command, within)
    }

    /// Waits for a renewed lease, at its own T1.
    pub fn renew(&mut self, within: Duration) -> Result<()> {
        let acks = self.session.ack_count()?;
        self.session.wait_for_ack_after(acks, within)
    }

    /// Takes the machine off its host's bridge until its lease has run out and its address is gone, and puts it back;
    /// the interface is up all the while. Waits for an address.
    pub fn outlive_lease(
        &mut self,
        host: &Host,
        lease: Duration,
        within: Duration,
    ) -> Result<Ipv4Addr> {
        host.unplug(self.vm())?;
        self.session.wait_for_no_address(lease)?;
        let acks = self.session.ack_count()?;
        host.plug(self.vm())?;
        self.session.wait_for_ack_after(acks, within)?;
        self.vm().wait_until_configured(within)
    }

    /// Kills it as a power cut would, empties the interface, and starts it with what it remembers.
    pub fn reboot(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.session.power_cut()?;
        self.obtain(within)
    }
}
