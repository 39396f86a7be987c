//! Pulling over HTTP/2 (RFC 9113): one connection, one stream at a time.
//!
//! The windows are those of clients written in Go, as registries' clients are: 4 MiB for a stream,
//! 1 GiB for the connection, frames of up to 16 KiB.

use anyhow::{bail, ensure};

use super::Address;
use super::link::Link;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 1 << 30;
const DEFAULT_WINDOW: u32 = 65_535;
/// Consumed before the peer is told.
const UPDATE_AFTER: u32 = STREAM_WINDOW / 2;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// An open connection.
pub(crate) struct Puller {
    link: Link,
    frames: Frames,
    stream: u32,
    authority: String,
}

impl Puller {
    /// Connects.
    pub(crate) async fn open(address: &Address) -> anyhow::Result<Self> {
        let mut link = Link::open(address).await?;
        let mut hello = PREFACE.to_vec();
        let mut settings = Vec::new();
        for (setting, value) in [(ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, STREAM_WINDOW)] {
            settings.extend_from_slice(&setting.to_be_bytes());
            settings.extend_from_slice(&value.to_be_bytes());
        }
        frame(&mut hello, SETTINGS, 0, 0, &settings);
        let more = CONNECTION_WINDOW - DEFAULT_WINDOW;
        frame(&mut hello, WINDOW_UPDATE, 0, 0, &more.to_be_bytes());
        link.send(&hello).await?;
        Ok(Self { link, frames: Frames::default(), stream: 1, authority: address.host() })
    }

    /// Pulls a path and tells how long its body was. Fails unless the answer is 200.
    pub(crate) async fn pull(
        &mut self,
        path: &str,
        authorization: Option<&str>,
    ) -> anyhow::Result<u64> {
        let mut request = Vec::new();
        let fields = fields(path, &self.authority, authorization);
        frame(&mut request, HEADERS, END_STREAM | END_HEADERS, self.stream, &fields);
        self.link.send(&request).await?;
        self.frames.begin(self.stream);
        self.stream += 2;
        while !self.frames.ended {
            let frames = &mut self.frames;
            let mut fed = Ok(());
            self.link
                .receive(|bytes| {
                    if fed.is_ok() {
                        fed = frames.feed(bytes);
                    }
                })
                .await?;
            fed?;
            if !self.frames.replies.is_empty() {
                let replies = std::mem::take(&mut self.frames.replies);
                self.link.send(&replies).await?;
            }
        }
        Ok(self.frames.received)
    }
}

/// The incoming side: frames in whatever pieces they come.
#[derive(Debug, Default)]
struct Frames {
    stream: u32,
    received: u64,
    ended: bool,
    /// Received since the peer was last told.
    untold: u32,
    header: Vec<u8>,
    /// The frame under way: what kind, and how much of it is to come.
    kind: u8,
    flags: u8,
    left: usize,
    /// Its payload, unless it is data.
    payload: Vec<u8>,
    /// Frames to be sent.
    replies: Vec<u8>,
}

impl Frames {
    fn begin(&mut self, stream: u32) {
        (self.stream, self.received, self.ended) = (stream, 0, false);
    }

    fn feed(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            if self.header.len() < 9 {
                let part = bytes.len().min(9 - self.header.len());
                self.header.extend_from_slice(&bytes[..part]);
                bytes = &bytes[part..];
                if self.header.len() == 9 {
                    self.head();
                }
            } else {
                let part = bytes.len().min(self.left);
                if self.kind == DATA {
                    self.received += part as u64;
                    self.untold += part as u32;
                } else {
                    self.payload.extend_from_slice(&bytes[..part]);
                }
                self.left -= part;
                bytes = &bytes[part..];
            }
            if self.header.len() == 9 && self.left == 0 {
                self.end()?;
                self.header.clear();
                self.payload.clear();
            }
        }
        Ok(())
    }

    fn head(&mut self) {
        let header = &self.header;
        self.left =
            usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        (self.kind, self.flags) = (header[3], header[4]);
    }

    fn end(&mut self) -> anyhow::Result<()> {
        match self.kind {
            DATA => {
                ensure!(self.flags & PADDED == 0, "the server pads its data");
                if self.untold >= UPDATE_AFTER {
                    let told = self.untold.to_be_bytes();
                    frame(&mut self.replies, WINDOW_UPDATE, 0, self.stream, &told);
                    frame(&mut self.replies, WINDOW_UPDATE, 0, 0, &told);
                    self.untold = 0;
                }
                self.ended = self.flags & END_STREAM != 0;
            }
            HEADERS => {
                // RFC 7541: table size updates, then the indexed field `:status: 200`.
                let first = self.payload.iter().find(|byte| **byte & 0xe0 != 0x20);
                ensure!(first == Some(&0x88), "the answer over HTTP/2 is not 200");
                self.ended = self.flags & END_STREAM != 0;
            }
            SETTINGS if self.flags & ACK == 0 => frame(&mut self.replies, SETTINGS, ACK, 0, &[]),
            PING if self.flags & ACK == 0 => {
                let payload = std::mem::take(&mut self.payload);
                frame(&mut self.replies, PING, ACK, 0, &payload);
            }
            RST_STREAM => bail!("the server reset the stream"),
            GOAWAY => bail!("the server ends the connection"),
            _ => {}
        }
        Ok(())
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A header block without compression (RFC 7541): static names, literal values, nothing indexed.
fn fields(path: &str, authority: &str, authorization: Option<&str>) -> Vec<u8> {
    // `:method: GET`, `:scheme: https`
    let mut block = vec![0x82, 0x87];
    literal(&mut block, &[0x04], path);
    literal(&mut block, &[0x01], authority);
    if let Some(value) = authorization {
        literal(&mut block, &[0x0f, 23 - 15], value);
    }
    block
}

fn literal(block: &mut Vec<u8>, name: &[u8], value: &str) {
    block.extend_from_slice(name);
    let mut length = value.len();
    if length < 127 {
        block.push(length as u8);
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push((length % 128) as u8 | 128);
            length /= 128;
        }
        block.push(length as u8);
    }
    block.extend_from_slice(value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Vec<u8> {
        let mut bytes = Vec::new();
        frame(&mut bytes, SETTINGS, 0, 0, &[]);
        frame(&mut bytes, HEADERS, END_HEADERS, 1, &[0x20, 0x88]);
        frame(&mut bytes, DATA, 0, 1, &[7; 1000]);
        frame(&mut bytes, DATA, END_STREAM, 1, &[7; 500]);
        bytes
    }

    #[test]
    fn frames_are_counted_in_whatever_pieces_they_come() {
        for piece in [1, 2, 8, 9, 10, 700, 5000] {
            let mut frames = Frames::default();
            frames.begin(1);
            for bytes in answer().chunks(piece) {
                frames.feed(bytes).unwrap();
            }
            assert!(frames.ended);
            assert_eq!(frames.received, 1500);
            let mut settings = Vec::new();
            frame(&mut settings, SETTINGS, ACK, 0, &[]);
            assert_eq!(frames.replies, settings);
        }
    }

    #[test]
    fn another_status_and_a_reset_are_errors() {
        for (kind, payload) in [(HEADERS, vec![0x8d]), (RST_STREAM, vec![0; 4])] {
            let mut bytes = Vec::new();
            frame(&mut bytes, kind, END_HEADERS, 1, &payload);
            assert!(Frames::default().feed(&bytes).is_err());
        }
    }

    #[test]
    fn long_values_have_long_lengths() {
        let mut block = Vec::new();
        literal(&mut block, &[0x04], &"a".repeat(127 + 300));
        // 300 = 2 × 128 + 44
        assert_eq!(block[..4], [0x04, 127, 44 | 128, 2]);
    }
}
