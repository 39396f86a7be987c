//! The object store over the network, with the patience of the clients that the product uses:
//! requests whose connection broke are sent again, so that some are acted on twice.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use http::Method;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartId,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::bucket::{Bucket, meta, refused};
use crate::network::{Leg, Link, Place};
use crate::witness::Witness;

/// How long an answer is waited for.
const SILENCE: Duration = Duration::from_secs(30);
/// For how long, and how often, a request whose connection broke is sent again.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRIES: u32 = 5;

/// A node's way to the object store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RemoteObjects {
    pub(crate) bucket: Arc<Mutex<Bucket>>,
    pub(crate) link: Link,
    pub(crate) witness: Witness,
    /// Messages under way, which outlive whoever sent them.
    pub(crate) messages: TaskTracker,
}

impl RemoteObjects {
    /// Has the store do something, perhaps more than once.
    async fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        act: impl Fn(&mut Bucket) -> Result<T> + Clone + Send + 'static,
    ) -> Result<T> {
        self.ask_each(what, || {}, act).await
    }

    /// The same, with a word each time before it is asked.
    async fn ask_each<T: Send + 'static>(
        &self,
        what: &'static str,
        before: impl Fn() + Send,
        act: impl Fn(&mut Bucket) -> Result<T> + Clone + Send + 'static,
    ) -> Result<T> {
        let began = Instant::now();
        for attempt in 0..=RETRIES {
            before();
            match timeout(SILENCE, self.send(what, act.clone())).await {
                Err(_) => return Err(refused("no answer came in time")),
                Ok(Ok(outcome)) => return outcome,
                Ok(Err(_)) if began.elapsed() > PATIENCE => break,
                Ok(Err(_)) => sleep(Duration::from_millis(50 << attempt)).await,
            }
        }
        Err(refused("the connection broke, again and again"))
    }

    async fn send<T: Send + 'static>(
        &self,
        what: &'static str,
        act: impl Fn(&mut Bucket) -> Result<T> + Send + 'static,
    ) -> Result<Result<T>, String> {
        let (tell, told) = oneshot::channel();
        let (bucket, link) = (Arc::clone(&self.bucket), self.link.clone());
        let sent = link.carry(Place::Store, what, Leg::Out);
        let message = async move {
            sent.await?;
            let outcome = act(&mut bucket.lock().unwrap());
            link.carry(Place::Store, what, Leg::Back).await?;
            Ok(outcome)
        };
        self.messages.spawn(message.map(|outcome| drop(tell.send(outcome))));
        told.await.unwrap_or_else(|_| Err("the message was lost".into()))
    }

    async fn delete(self, path: Path) -> Result<Path> {
        let (witness, doomed) = (self.witness.clone(), path.clone());
        let before = || self.witness.deletes(&self.link.node, &path);
        let delete = move |bucket: &mut Bucket| {
            witness.deleted(&doomed);
            bucket.delete(&doomed)
        };
        self.ask_each("delete", before, delete).await?;
        Ok(path)
    }
}

#[async_trait]
impl ObjectStore for RemoteObjects {
    async fn put_opts(&self, path: &Path, payload: PutPayload, _: PutOptions) -> Result<PutResult> {
        let (path, bytes) = (path.clone(), Bytes::from(payload));
        let put = move |bucket: &mut Bucket| {
            bucket.put(&path, &bytes);
            Ok(PutResult { e_tag: None, version: None, extensions: <_>::default() })
        };
        self.ask("put", put).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let wanted = path.clone();
        let bytes = self.ask("get", move |bucket| bucket.get(&wanted)).await?;
        let whole = bytes.len() as u64;
        let range = match options.range {
            Some(range) => range.as_range(whole).map_err(|error| refused(&error.to_string()))?,
            None => 0..whole,
        };
        let bytes = bytes.slice(range.start as usize..range.end as usize);
        // The bytes come after the headers, on a connection that may yet break.
        let link = self.link.clone();
        let body = async move {
            let carried = link.carry(Place::Store, "bytes", Leg::Back);
            match timeout(SILENCE, carried).await {
                Ok(Ok(())) => Ok(bytes),
                Ok(Err(problem)) => Err(refused(&problem)),
                Err(_) => Err(refused("the bytes stopped coming")),
            }
        };
        let body = if options.head { stream::empty().boxed() } else { body.into_stream().boxed() };
        Ok(GetResult {
            payload: GetResultPayload::Stream(body),
            meta: meta(path, whole as usize),
            range,
            attributes: <_>::default(),
            extensions: <_>::default(),
        })
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let objects = self.clone();
        paths.and_then(move |path| objects.clone().delete(path)).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (objects, prefix) = (self.clone(), prefix.cloned());
        let list = async move {
            let list = move |bucket: &mut Bucket| Ok(bucket.list(prefix.as_ref()));
            let found = objects.ask("list", list).await?;
            Ok::<_, Error>(stream::iter(found.into_iter().map(Ok)))
        };
        list.into_stream().try_flatten().boxed()
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(refused("nobody asks for this"))
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(refused("nobody asks for this"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused("nobody asks for this"))
    }
}

#[async_trait]
impl MultipartStore for RemoteObjects {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        let path = path.clone();
        self.ask("begin", move |bucket| Ok(bucket.begin(&path))).await
    }

    async fn put_part(
        &self,
        _: &Path,
        id: &MultipartId,
        index: usize,
        payload: PutPayload,
    ) -> Result<PartId> {
        let (id, bytes) = (id.clone(), Bytes::from(payload));
        self.ask("part", move |bucket| bucket.put_part(&id, index, bytes.clone())).await
    }

    async fn complete_multipart(
        &self,
        _: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        let id = id.clone();
        let complete = move |bucket: &mut Bucket| {
            bucket.complete(&id, &parts)?;
            Ok(PutResult { e_tag: None, version: None, extensions: <_>::default() })
        };
        self.ask("complete", complete).await
    }

    async fn abort_multipart(&self, _: &Path, id: &MultipartId) -> Result<()> {
        let id = id.clone();
        self.ask("abort", move |bucket| bucket.abort(&id)).await
    }
}

#[async_trait]
impl Signer for RemoteObjects {
    async fn signed_url(&self, _: Method, _: &Path, _: Duration) -> Result<Url> {
        Err(refused("nobody asks for this"))
    }
}

impl fmt::Debug for RemoteObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteObjects({})", self.link.node)
    }
}

impl fmt::Display for RemoteObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
