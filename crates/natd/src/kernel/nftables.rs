//! The real kernel, through libnftnl and netlink.
//!
//! It acts in the network namespace of the thread that opened it for nf_tables, and of the thread
//! that calls for `ip_forward`: a daemon has one. It needs `CAP_NET_ADMIN`.

use super::conntrack;
use super::foreign;
use super::forwarding::Forwarding;
use super::read::{self, Reader};
use super::socket::NetfilterSocket;
use super::transaction::Transaction;
use super::{Kernel, KernelError};
use crate::flows::Closing;
use crate::host::ForeignChain;
use crate::image::{TableImage, TableUpdate};
use crate::table::TableId;

/// nf_tables and `ip_forward` of this network namespace.
pub struct NftKernel {
    socket: NetfilterSocket,
    forwarding: Forwarding,
}

impl NftKernel {
    /// Opens the netlink socket. Changes nothing.
    pub fn open() -> Result<Self, KernelError> {
        Ok(Self {
            socket: NetfilterSocket::open()?,
            forwarding: Forwarding::default(),
        })
    }

    /// The chains of all tables but `own`, for [`crate::host`].
    pub(crate) fn foreign_chains(
        &mut self,
        own: &[TableId],
    ) -> Result<Vec<ForeignChain>, KernelError> {
        foreign::chains(&mut self.socket, own)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<(), KernelError> {
        let replies = self.socket.exchange(transaction.bytes(), |_| Ok(()))?;
        if let Some((sequence, source)) = replies.failure {
            return Err(KernelError::Refused {
                doing: transaction.describe(sequence).to_owned(),
                source,
            });
        }
        if replies.acknowledged == Some(transaction.last()) {
            Ok(())
        } else {
            Err(KernelError::Answer {
                doing: "committing a transaction",
                what: "does not say that it is committed",
            })
        }
    }
}

impl Kernel for NftKernel {
    fn read_table(&mut self, table: TableId) -> Result<Option<TableImage>, KernelError> {
        Reader::new(&mut self.socket, table).read()
    }

    fn replace_table(&mut self, table: TableId, image: &TableImage) -> Result<(), KernelError> {
        self.commit(&Transaction::replace(table, image))
    }

    fn update_table(&mut self, table: TableId, update: &TableUpdate) -> Result<(), KernelError> {
        self.commit(&Transaction::update(table, update))
    }

    fn remove_table(&mut self, table: TableId) -> Result<bool, KernelError> {
        let there = read::has_table(&mut self.socket, table)?;
        if there {
            self.commit(&Transaction::delete(table))?;
        }
        Ok(there)
    }

    fn close_flows(&mut self, closing: &Closing) -> Result<u32, KernelError> {
        conntrack::close(&mut self.socket, closing)
    }

    fn forwarding(&mut self) -> Result<bool, KernelError> {
        self.forwarding.enabled()
    }

    fn enable_forwarding(&mut self) -> Result<(), KernelError> {
        self.forwarding.enable()
    }
}
