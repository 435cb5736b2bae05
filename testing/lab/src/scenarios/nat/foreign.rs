//! Another's table on a gateway's host: the product leaves it alone.

use anyhow::{Result, ensure};

use crate::topology::Host;

/// As an administrator's firewall might look, in a listing's own words.
const TABLE: &str = "table inet administrator {
\tset friends {
\t\ttype ipv4_addr
\t\telements = { 192.0.2.1 }
\t}

\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\tip saddr @friends accept
\t}
}
";

/// Puts it there.
pub(super) fn install(host: &Host) -> Result<()> {
    host.netns().nft(TABLE)
}

/// Looks whether it is as it was.
pub(super) fn ensure_untouched(host: &Host) -> Result<()> {
    let list = ["list", "table", "inet", "administrator"];
    let found = host.netns().run("nft", &list)?;
    ensure!(
        found == TABLE,
        "the administrator's table has become {found}"
    );
    Ok(())
}
