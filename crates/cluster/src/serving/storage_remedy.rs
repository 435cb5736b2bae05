//! What to do about a storage that failed, by what the system said (S11).
//!
//! In: the error's text, as Raft keeps it; numbers of the system's errors are in it, whatever is around them.
//! Out: what an operator does. Pure.

use nix::errno::Errno;

/// What the text of each of these asks for.
const REMEDIES: [(Errno, &str); 4] = [
    (
        Errno::EMFILE,
        "gatewayd has no file descriptor left: raise LimitNOFILE in its unit",
    ),
    (
        Errno::ENFILE,
        "the host has no file descriptor left: see what holds them, or raise the sysctl fs.file-max",
    ),
    (
        Errno::ENOSPC,
        "free space on the file system of the data directory",
    ),
    (
        Errno::EDQUOT,
        "raise the quota of the user that gatewayd runs as, or free space of his",
    ),
];

/// What to do before gatewayd is restarted.
pub(crate) fn remedy(error: &str) -> &'static str {
    // As the standard library writes it.
    let said = |errno: &Errno| error.contains(&format!("(os error {})", *errno as i32));
    let known = REMEDIES.iter().find(|(errno, _)| said(errno));
    known.map_or("check the disk", |(_, remedy)| remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn what_the_system_said_has_its_remedy() {
        let table = [
            (Errno::EMFILE, "LimitNOFILE"),
            (Errno::ENFILE, "fs.file-max"),
            (Errno::ENOSPC, "free space"),
            (Errno::EDQUOT, "quota"),
            (Errno::EIO, "check the disk"),
        ];
        for (errno, expected) in table {
            let error = io::Error::from_raw_os_error(errno as i32);
            let text = format!("writing the snapshot: {error}; 24 entries");
            let remedy = remedy(&text);
            assert!(remedy.contains(expected), "{errno}: {remedy}");
        }
    }
}
