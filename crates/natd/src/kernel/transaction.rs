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
use crate::table::TableId;
use libc::{NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE};
use std::ffi::c_int;

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
    table: TableId,
    encoder: Encoder,
    parts: Vec<String>,
}

impl Transaction {
    /// Replaces `table`, or creates it.
    pub(super) fn replace(table: TableId, image: &TableImage) -> Self {
        let mut writer = Writer::begin(table);
        // Deleting what is not there is an error, so it is created first.
        writer.new_table(image);
        writer.delete_table(image);
        writer.new_table(image);
        writer.contents(image);
        writer.end()
    }

    /// Changes rules and elements of `table`.
    pub(super) fn update(table: TableId, update: &TableUpdate) -> Self {
        let mut writer = Writer::begin(table);
        for chain in &update.chains {
            writer.flush_chain(&chain.chain);
            writer.rules(&chain.chain, &chain.rules);
        }
        for set in &update.sets {
            writer.change_elements(set);
        }
        writer.end()
    }

    /// Deletes `table`.
    pub(super) fn delete(table: TableId) -> Self {
        let mut writer = Writer::begin(table);
        writer.delete_table(&TableImage::default());
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
    fn begin(table: TableId) -> Self {
        let mut encoder = Encoder::new(table.family.number());
        encoder.batch_begin(0);
        Self {
            table,
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

    fn new_table(&mut self, image: &TableImage) {
        let envelope = self.part(
            libc::NFT_MSG_NEWTABLE,
            NLM_F_CREATE,
            format!("creating table {}", self.table),
        );
        self.encoder.table(envelope, self.table.name, image);
    }

    fn delete_table(&mut self, image: &TableImage) {
        let envelope = self.part(
            libc::NFT_MSG_DELTABLE,
            0,
            format!("deleting the old table {}", self.table),
        );
        self.encoder.table(envelope, self.table.name, image);
    }

    /// Chains and sets first: rules refer to both.
    fn contents(&mut self, image: &TableImage) {
        for chain in &image.chains {
            let envelope = self.part(
                libc::NFT_MSG_NEWCHAIN,
                NLM_F_CREATE,
                format!("creating chain {}", chain.name),
            );
            self.encoder.chain(envelope, self.table.name, chain);
        }
        for (id, set) in (1..).zip(&image.sets) {
            let envelope = self.part(
                libc::NFT_MSG_NEWSET,
                NLM_F_CREATE,
                format!("creating map {}", set.name),
            );
            self.encoder.set(envelope, self.table.name, set, id);
        }
        for chain in &image.chains {
            self.rules(&chain.name, &chain.rules);
        }
        for set in &image.sets {
            let elements: Vec<_> = set
                .elements
                .iter()
                .map(|(key, value)| (&**key, Some(&**value)))
                .collect();
            self.elements(
                libc::NFT_MSG_NEWSETELEM,
                "adding elements to",
                &set.name,
                &elements,
            );
        }
    }

    fn flush_chain(&mut self, chain: &str) {
        let envelope = self.part(
            libc::NFT_MSG_DELRULE,
            0,
            format!("removing the rules of chain {chain}"),
        );
        self.encoder
            .rule(envelope, self.table.name, Some(chain), &[]);
    }

    fn rules(&mut self, chain: &str, rules: &[RuleImage]) {
        for (number, rule) in (1..).zip(rules) {
            let description = format!("adding rule {number} to chain {chain}");
            let envelope = self.part(
                libc::NFT_MSG_NEWRULE,
                NLM_F_CREATE | NLM_F_APPEND,
                description,
            );
            self.encoder
                .rule(envelope, self.table.name, Some(chain), rule);
        }
    }

    /// Removal first: what changes its value goes and comes.
    fn change_elements(&mut self, update: &ElementUpdate) {
        let gone: Vec<_> = update.remove.keys().map(|key| (&**key, None)).collect();
        self.elements(
            libc::NFT_MSG_DELSETELEM,
            "removing elements from",
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
            &update.set,
            &come,
        );
    }

    fn elements(
        &mut self,
        kind: c_int,
        doing: &str,
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
            self.encoder.elements(envelope, self.table.name, set, some);
        }
    }
}
