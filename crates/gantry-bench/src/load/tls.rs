//! TLS over buffers of our own: records are decrypted where the socket put them.

use std::sync::Arc;

use anyhow::{bail, ensure};
use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls_pki_types::ServerName;

use crate::certificate::HOST;

/// Received at once. Bulk transfers fill it.
const INCOMING: usize = 256 << 10;
/// A flight of the handshake, or a request.
const OUTGOING: usize = 18 << 10;

/// The state of one connection, apart from its socket.
pub(super) struct Tls {
    connection: UnbufferedClientConnection,
    incoming: Vec<u8>,
    /// What of `incoming` has come and isn't processed yet.
    start: usize,
    end: usize,
    outgoing: Vec<u8>,
}

/// What a connection needs to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// More from the peer.
    Input,
    /// [`Tls::take_outgoing`] to be sent.
    Output,
    /// Nothing: data was passed on.
    Nothing,
}

impl Tls {
    /// A connection that has not begun.
    pub(super) fn new(config: &Arc<ClientConfig>) -> anyhow::Result<Self> {
        let name = ServerName::try_from(HOST)?;
        Ok(Self {
            connection: UnbufferedClientConnection::new(Arc::clone(config), name)?,
            incoming: vec![0; INCOMING],
            start: 0,
            end: 0,
            outgoing: Vec::with_capacity(OUTGOING),
        })
    }

    /// Where the socket puts what it has. Never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.incoming.len() {
            self.incoming.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.incoming[self.end..]
    }

    /// Says how much it put there.
    pub(super) fn filled(&mut self, length: usize) {
        self.end += length;
    }

    /// What is to be sent.
    pub(super) fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Goes on with the handshake, or passes on what was decrypted.
    pub(super) fn advance(&mut self, sink: &mut impl FnMut(&[u8])) -> anyhow::Result<Wants> {
        let mut passed = false;
        loop {
            let records = &mut self.incoming[self.start..self.end];
            let UnbufferedStatus { discard, state, .. } =
                self.connection.process_tls_records(records);
            let wants = match state? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        sink(record?.payload);
                    }
                    passed = true;
                    None
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    let before = self.outgoing.len();
                    self.outgoing.resize(before + OUTGOING, 0);
                    let written = data.encode(&mut self.outgoing[before..]);
                    let written = written.map_err(|error| anyhow::anyhow!("{error}"))?;
                    self.outgoing.truncate(before + written);
                    None
                }
                ConnectionState::TransmitTlsData(data) => {
                    data.done();
                    Some(Wants::Output)
                }
                ConnectionState::WriteTraffic(_) | ConnectionState::BlockedHandshake => {
                    Some(if passed { Wants::Nothing } else { Wants::Input })
                }
                other => bail!("the TLS connection is over: {other:?}"),
            };
            self.start += discard;
            if let Some(wants) = wants {
                return Ok(wants);
            }
        }
    }

    /// Whether the handshake is over.
    pub(super) fn is_ready(&self) -> bool {
        !self.connection.is_handshaking()
    }

    /// Fails unless the peer chose the one protocol that was offered.
    pub(super) fn check_protocol(&self, offered: &[u8]) -> anyhow::Result<()> {
        let chosen = self.connection.alpn_protocol();
        // Servers that know HTTP/1.1 alone need not negotiate it (RFC 7301).
        let agreed = chosen == Some(offered) || (chosen.is_none() && offered == b"http/1.1");
        ensure!(agreed, "{} is not spoken here", String::from_utf8_lossy(offered));
        Ok(())
    }

    /// Encrypts a request.
    pub(super) fn encrypt(&mut self, data: &[u8]) -> anyhow::Result<Vec<u8>> {
        let records = &mut self.incoming[self.start..self.end];
        let status = self.connection.process_tls_records(records);
        let ConnectionState::WriteTraffic(mut traffic) = status.state? else {
            bail!("the TLS connection can't be written to")
        };
        let mut sealed = vec![0; data.len() + OUTGOING];
        let written = traffic.encrypt(data, &mut sealed);
        sealed.truncate(written.map_err(|error| anyhow::anyhow!("{error}"))?);
        let discard = status.discard;
        self.start += discard;
        Ok(sealed)
    }
}
