//! A transaction of nf_tables as one datagram: all of it takes effect, or nothing.
//!
//! In: images. Out: [`Transaction::bytes`], and [`Transaction::describe`] to say in an error which
//! part the kernel refused. No I/O.
//!
//! The kernel takes a transaction from one `sendmsg`; several datagrams would be several
//! transactions, or none. Only the last part asks for an acknowledgement, which comes when the
//! whole is committed.

use super::nft_sys::MAX_ELEMENTS;
use super::nft_sys::encode::{Encoder, Envelope};
use crate::image::{ElementUpdate, RuleImage, TableImage, TableUpdate};
use libc::{NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE};
use std::ffi::c_int;

/// The family of our table.
pub(super) const FAMILY: c_int = libc::NFPROTO_INET;
/// Where a message has its flags (`nlmsg_flags`), in bytes.
const FLAGS_OFFSET: usize = 6;

/// A transaction that is ready to be sent.
pub(super) struct Transaction {
    bytes: Vec<u8>,
    parts: Vec<String>,
    last: u32,
}

/// A transaction that is being written.
struct Writer {
    encoder: Encoder,
    parts: Vec<String>,
}

impl Transaction {
    /// Replaces the table `name`, or creates it.
    pub(super) fn replace(name: &str, table: &TableImage) -> Self {
        let mut writer = Writer::begin(FAMILY);
        // Deleting what is not there is an error, so it is created first.
        writer.new_table(name, table);
        writer.delete_table(name, table);
        writer.new_table(name, table);
        writer.contents(name, table);
        writer.end()
    }

    /// Changes rules and elements of the table `name`.
    pub(super) fn update(name: &str, update: &TableUpdate) -> Self {
        let mut writer = Writer::begin(FAMILY);
        for chain in &update.chains {
            writer.flush_chain(name, &chain.chain);
            writer.rules(name, &chain.chain, &chain.rules);
        }
        for set in &update.sets {
            writer.change_elements(name, set);
        }
        writer.end()
    }

    /// Deletes the table `name` of another family.
    pub(super) fn delete(family: c_int, name: &str) -> Self {
        let mut writer = Writer::begin(family);
        writer.delete_table(name, &TableImage::default());
        writer.end()
    }

    /// The datagram.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The sequence number that is acknowledged when all is committed.
    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    /// What the part with this sequence number was to do.
    pub(super) fn describe(&self, sequence: u32) -> &str {
        self.parts
            .get(sequence as usize)
            .map_or("changing the nftables ruleset", String::as_str)
    }
}

impl Writer {
    /// Part 0 opens the transaction.
    fn begin(family: c_int) -> Self {
        let mut encoder = Encoder::new(family);
        encoder.batch_begin(0);
        Self {
            encoder,
            parts: vec!["opening an nftables transaction".to_owned()],
        }
    }

    fn end(mut self) -> Transaction {
        let last = self.next_sequence() - 1;
        assert!(last > 0, "a transaction changes something");
        let flags = &mut self.encoder.last_message()[FLAGS_OFFSET..FLAGS_OFFSET + 2];
        let with_ack = u16::from_ne_bytes([flags[0], flags[1]]) | NLM_F_ACK as u16;
        flags.copy_from_slice(&with_ack.to_ne_bytes());
        self.encoder.batch_end(last + 1);
        Transaction {
            bytes: self.encoder.finish(),
            parts: self.parts,
            last,
        }
    }

    /// The number of the next part is how many there are.
    fn next_sequence(&self) -> u32 {
        u32::try_from(self.parts.len()).expect("fewer than 2^32 parts")
    }

    fn part(&mut self, kind: c_int, flags: c_int, description: String) -> Envelope {
        let sequence = self.next_sequence();
        self.parts.push(description);
        Envelope {
            kind,
            flags,
            sequence,
        }
    }

    fn new_table(&mut self, name: &str, table: &TableImage) {
        let envelope = self.part(
            libc::NFT_MSG_NEWTABLE,
            NLM_F_CREATE,
            format!("creating table inet {name}"),
        );
        self.encoder.table(envelope, name, table);
    }

    fn delete_table(&mut self, name: &str, table: &TableImage) {
        let envelope = self.part(
            libc::NFT_MSG_DELTABLE,
            0,
            format!("deleting the old table {name}"),
        );
        self.encoder.table(envelope, name, table);
    }

    /// Chains and sets first: rules refer to both.
    fn contents(&mut self, name: &str, table: &TableImage) {
        for chain in &table.chains {
            let envelope = self.part(
                libc::NFT_MSG_NEWCHAIN,
                NLM_F_CREATE,
                format!("creating chain {}", chain.name),
            );
            self.encoder.chain(envelope, name, chain);
        }
        for (id, set) in (1..).zip(&table.sets) {
            let envelope = self.part(
                libc::NFT_MSG_NEWSET,
                NLM_F_CREATE,
                format!("creating map {}", set.name),
            );
            self.encoder.set(envelope, name, set, id);
        }
        for chain in &table.chains {
            self.rules(name, &chain.name, &chain.rules);
        }
        for set in &table.sets {
            let elements: Vec<_> = set
                .elements
                .iter()
                .map(|(key, value)| (&**key, Some(&**value)))
                .collect();
            self.elements(
                libc::NFT_MSG_NEWSETELEM,
                "adding elements to",
                name,
                &set.name,
                &elements,
            );
        }
    }

    fn flush_chain(&mut self, table: &str, chain: &str) {
        let envelope = self.part(
            libc::NFT_MSG_DELRULE,
            0,
            format!("removing the rules of chain {chain}"),
        );
        self.encoder.rule(envelope, table, Some(chain), &[]);
    }

    fn rules(&mut self, table: &str, chain: &str, rules: &[RuleImage]) {
        for (number, rule) in (1..).zip(rules) {
            let description = format!("adding rule {number} to chain {chain}");
            let envelope = self.part(
                libc::NFT_MSG_NEWRULE,
                NLM_F_CREATE | NLM_F_APPEND,
                description,
            );
            self.encoder.rule(envelope, table, Some(chain), rule);
        }
    }

    /// Removal first: what changes its value goes and comes.
    fn change_elements(&mut self, table: &str, update: &ElementUpdate) {
        let gone: Vec<_> = update.remove.keys().map(|key| (&**key, None)).collect();
        self.elements(
            libc::NFT_MSG_DELSETELEM,
            "removing elements from",
            table,
            &update.set,
            &gone,
        );
        let come: Vec<_> = update
            .add
            .iter()
            .map(|(key, value)| (&**key, Some(&**value)))
            .collect();
        self.elements(
            libc::NFT_MSG_NEWSETELEM,
            "adding elements to",
            table,
            &update.set,
            &come,
        );
    }

    fn elements(
        &mut self,
        kind: c_int,
        doing: &str,
        table: &str,
        set: &str,
        elements: &[(&[u8], Option<&[u8]>)],
    ) {
        let flags = if kind == libc::NFT_MSG_NEWSETELEM {
            NLM_F_CREATE
        } else {
            0
        };
        for some in elements.chunks(MAX_ELEMENTS) {
            let envelope = self.part(kind, flags, format!("{doing} map {set}"));
            self.encoder.elements(envelope, table, set, some);
        }
    }
}
