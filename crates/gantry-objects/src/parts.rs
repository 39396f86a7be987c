//! Gathering a body into parts, and sending one while the next is gathered.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use gantry_blobs::{BlobError, BodyError, BodyStream};
use object_store::PutPayload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The first parts are small, so that few bytes are in memory for the blobs that most are.
const SMALL_PART: usize = 8 << 20;
/// Stores take 10,000 parts (S3, Google Cloud Storage): with the later ones this long, 300 GiB fit.
const LARGE_PART: usize = 32 << 20;
const SMALL_PARTS: usize = 1000;

/// What a request may gather before it must have room for a whole part set aside.
const UNRESERVED: usize = 256 << 10;
/// What room is counted in.
const MIB: usize = 1 << 20;

/// How long parts are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartLengths {
    first: usize,
    later: usize,
}

impl PartLengths {
    /// Every part as long as the others.
    #[cfg(feature = "simulation")]
    pub(crate) fn all(length: usize) -> Self {
        Self { first: length, later: length }
    }

    /// The length of part number `index`, from 0.
    pub(crate) fn of(self, index: usize) -> usize {
        if index < SMALL_PARTS { self.first } else { self.later }
    }
}

impl Default for PartLengths {
    fn default() -> Self {
        Self { first: SMALL_PART, later: LARGE_PART }
    }
}

/// Memory for parts on their way, shared by all uploads. A part's room is set aside as a whole, so
/// that no two uploads wait for each other.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    mebibytes: Arc<Semaphore>,
}

impl Room {
    /// Room for `bytes`, at least for a few of the largest parts.
    pub(crate) fn of(bytes: u64) -> Self {
        let least = 4 * LARGE_PART / MIB;
        let mebibytes = usize::try_from(bytes / MIB as u64).unwrap_or(usize::MAX);
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        Self { mebibytes: Arc::new(Semaphore::new(mebibytes.clamp(least, most))) }
    }

    async fn reserve(self, length: usize) -> OwnedSemaphorePermit {
        let mebibytes = u32::try_from(length / MIB).expect("a part is some mebibytes");
        self.mebibytes.acquire_many_owned(mebibytes).await.expect("nobody closes it")
    }
}

/// Where whole parts go.
pub(crate) trait PartSink: Sync {
    /// Sends a part, and notes that it is there.
    fn send(&self, part: PutPayload) -> BoxFuture<'_, Result<(), BlobError>>;

    /// How many have been sent.
    fn count(&self) -> usize;
}

/// Bytes that don't make a part yet.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    frames: Vec<Bytes>,
    length: usize,
}

impl Gathered {
    pub(crate) fn push(&mut self, frame: Bytes) {
        if !frame.is_empty() {
            self.length += frame.len();
            self.frames.push(frame);
        }
    }

    pub(crate) fn into_frames(self) -> Vec<Bytes> {
        self.frames
    }

    /// Takes the first `length` bytes, if there are more than those: the last part is the seal's.
    fn split(&mut self, length: usize) -> Option<PutPayload> {
        if self.length <= length {
            return None;
        }
        let (mut part, mut missing) = (Vec::new(), length);
        let mut rest = std::mem::take(&mut self.frames).into_iter();
        for mut frame in rest.by_ref() {
            if frame.len() <= missing {
                missing -= frame.len();
                part.push(frame);
                continue;
            }
            if missing > 0 {
                part.push(frame.split_to(missing));
            }
            self.frames.push(frame);
            break;
        }
        self.frames.extend(rest);
        self.length -= length;
        Some(part.into_iter().collect())
    }
}

/// Takes a body to its end: whole parts go to `sink`, what is left stays gathered.
pub(crate) async fn take(
    mut body: BodyStream<'_>,
    first: Option<Bytes>,
    mut gathered: Gathered,
    sink: &dyn PartSink,
    lengths: PartLengths,
    room: &Room,
) -> Result<(Gathered, Result<(), BodyError>), BlobError> {
    first.into_iter().for_each(|frame| gathered.push(frame));
    let mut end = None;
    let mut sending: Option<BoxFuture<'_, Result<(), BlobError>>> = None;
    let mut reserving: Option<BoxFuture<'static, OwnedSemaphorePermit>> = None;
    let mut reserved: Option<OwnedSemaphorePermit> = None;
    loop {
        let wanted = lengths.of(sink.count());
        if sending.is_none()
            && let Some(part) = gathered.split(wanted)
        {
            let room = reserved.take();
            sending = Some(Box::pin(async move {
                let sent = sink.send(part).await;
                drop(room);
                sent
            }));
            continue;
        }
        if sending.is_none()
            && let Some(end) = end.take()
        {
            return Ok((gathered, end));
        }
        if gathered.length > UNRESERVED && reserved.is_none() && reserving.is_none() {
            reserving = Some(Box::pin(room.clone().reserve(wanted)));
        }
        let may_read = end.is_none() && gathered.length <= wanted && reserving.is_none();
        tokio::select! {
            sent = async { sending.as_mut().expect("guarded").await }, if sending.is_some() => {
                sending = None;
                sent?;
            }
            permit = async { reserving.as_mut().expect("guarded").await }, if reserving.is_some() => {
                (reserving, reserved) = (None, Some(permit));
            }
            frame = body.next(), if may_read => match frame {
                None => end = Some(Ok(())),
                Some(Err(error)) => end = Some(Err(error)),
                Some(Ok(frame)) => gathered.push(frame),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::{FutureExt, stream};

    use super::*;

    #[test]
    fn two_hundred_gibibytes_fit_into_ten_thousand_parts() {
        let lengths = PartLengths::default();
        let room: u64 = (0..9_999).map(|index| lengths.of(index) as u64).sum();
        assert!(room >= 200 << 30);
        // What S3 takes for the least and the most of a part.
        assert!((0..10_000).all(|index| (5 << 20..=5 << 30).contains(&lengths.of(index))));
    }

    #[derive(Default)]
    struct Kept(Mutex<Vec<usize>>);

    impl PartSink for Kept {
        fn send(&self, part: PutPayload) -> BoxFuture<'_, Result<(), BlobError>> {
            self.0.lock().unwrap().push(part.content_length());
            async { Ok(()) }.boxed()
        }

        fn count(&self) -> usize {
            self.0.lock().unwrap().len()
        }
    }

    #[tokio::test]
    async fn parts_are_whole_and_the_last_is_left() {
        for (length, parts) in
            [(0, 0), (1, 0), (SMALL_PART, 0), (SMALL_PART + 1, 1), (3 * SMALL_PART, 2)]
        {
            for frame in [700_000, SMALL_PART, 20 << 20] {
                let bytes = Bytes::from(vec![7; length]);
                let frames = (0..length.div_ceil(frame))
                    .map(|n| Ok(bytes.slice(n * frame..length.min((n + 1) * frame))));
                let body = stream::iter(frames.collect::<Vec<_>>()).boxed();
                let kept = Kept::default();
                let room = Room::of(0);
                let lengths = PartLengths::default();
                let (gathered, end) =
                    take(body, None, Gathered::default(), &kept, lengths, &room).await.unwrap();
                end.unwrap();
                assert_eq!(*kept.0.lock().unwrap(), vec![SMALL_PART; parts]);
                assert_eq!(gathered.length, length - parts * SMALL_PART);
                let left: usize = gathered.into_frames().iter().map(Bytes::len).sum();
                assert_eq!(left, length - parts * SMALL_PART);
            }
        }
    }

    #[tokio::test]
    async fn many_slow_uploads_share_the_room_and_all_end() {
        let room = Room::of(0);
        let uploads = (0..40).map(|_| async {
            let frames = (0..30).map(|_| async {
                tokio::task::yield_now().await;
                Ok(Bytes::from(vec![1; MIB]))
            });
            let body = stream::iter(frames).buffered(1).boxed();
            let kept = Kept::default();
            let lengths = PartLengths::default();
            let (_, end) =
                take(body, None, Gathered::default(), &kept, lengths, &room).await.unwrap();
            end.unwrap();
            assert_eq!(kept.count(), 3);
        });
        futures_util::future::join_all(uploads).await;
    }
}
