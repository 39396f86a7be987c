//! Reaching an object store: its address, its credentials, and whose storage it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStoreExt, PutMode, PutOptions, RetryConfig,
};
use url::Url;

use crate::error::{chain, unavailable};
use crate::store::{ObjectBlobStore, Objects};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the store may be silent in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// For how long a request is tried again before its caller hears that it failed.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRIES: usize = 5;

/// Where blobs are, and how to sign in there. Its `Debug` shows no credential.
///
/// - `s3://BUCKET/PREFIX?endpoint=URL&region=REGION`
/// - `az://ACCOUNT/CONTAINER/PREFIX?endpoint=URL`
/// - `gs://BUCKET/PREFIX?endpoint=URL`
///
/// The prefix may be empty. Credentials come from the environment and the machine, as the clouds'
/// own tools find them (`AWS_*`, `AZURE_STORAGE_*`, `GOOGLE_*`, workload identity, instance
/// metadata), or are given as `access_key_id` and `secret_access_key` (S3), `access_key` (Azure),
/// `service_account` (a file, Google Cloud).
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    cloud: Cloud,
    bucket: String,
    prefix: String,
    options: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cloud {
    S3,
    Azure { account: String },
    Google,
}

/// Why there is no store at an address.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The text is no address of an object store.
    #[error("{0}")]
    Address(String),
    /// The store can't be set up, or doesn't answer as it should.
    #[error("{0}")]
    Store(String),
    /// The storage is another deployment's.
    #[error(
        "this blob storage belongs to deployment {found}, and the database to deployment {ours}: \
         give each deployment a bucket or a prefix of its own"
    )]
    Foreign {
        /// The deployment that the storage is marked with.
        found: String,
        /// The deployment that asked.
        ours: String,
    },
}

/// Whose a blob storage is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Nobody's yet.
    Free,
    /// The deployment's with this id.
    Of(String),
}

impl FromStr for Connection {
    type Err = ConnectionError;

    fn from_str(text: &str) -> Result<Self, ConnectionError> {
        let wrong = |problem: &str| ConnectionError::Address(problem.to_owned());
        let forms = "give s3://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX or gs://BUCKET/PREFIX";
        let url = Url::parse(text).map_err(|error| wrong(&format!("{error}: {forms}")))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong(forms))?;
        let path = url.path().trim_matches('/');
        let (cloud, bucket, prefix, keys): (_, _, _, &[&str]) = match url.scheme() {
            "s3" => (
                Cloud::S3,
                host,
                path,
                &["endpoint", "region", "access_key_id", "secret_access_key"],
            ),
            "gs" => (Cloud::Google, host, path, &["endpoint", "service_account"]),
            "az" => {
                let (container, prefix) = path.split_once('/').unwrap_or((path, ""));
                if container.is_empty() {
                    return Err(wrong("the container is missing: az://ACCOUNT/CONTAINER/PREFIX"));
                }
                let account = host.to_owned();
                (Cloud::Azure { account }, container, prefix, &["endpoint", "access_key"])
            }
            scheme => return Err(wrong(&format!("{scheme}:// is no blob storage: {forms}"))),
        };
        let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        if let Some((key, _)) = options.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            return Err(wrong(&format!("?{key}= is not known; there are {}", keys.join(", "))));
        }
        if let Some((_, endpoint)) = options.iter().find(|(key, _)| key == "endpoint")
            && !Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Err(wrong("the endpoint is an http:// or https:// address"));
        }
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        Ok(Self { cloud, bucket, prefix, options })
    }
}

impl Connection {
    /// Sets up the store. Nothing is asked of it yet.
    pub fn open(&self) -> Result<ObjectBlobStore, ConnectionError> {
        let failed = |error: Error| ConnectionError::Store(chain(&error));
        let objects: Arc<dyn Objects> = match &self.cloud {
            Cloud::S3 => Arc::new(self.s3().map_err(failed)?),
            Cloud::Azure { account } => Arc::new(self.azure(account).map_err(failed)?),
            Cloud::Google => Arc::new(self.google().map_err(failed)?),
        };
        Ok(ObjectBlobStore::over(objects, &self.prefix))
    }

    fn s3(&self) -> Result<object_store::aws::AmazonS3, Error> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            .with_client_options(self.client())
            .with_retry(retry());
        for (key, value) in &self.options {
            builder = match key.as_str() {
                "endpoint" => {
                    // Servers of one's own seldom care for the region, but signatures have one.
                    if builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
                        builder = builder.with_region("us-east-1");
                    }
                    // TLS keeps the bytes whole on the way; hashing them again would cost as much
                    // as everything else.
                    builder.with_endpoint(value).with_unsigned_payload(value.starts_with("https"))
                }
                "region" => builder.with_region(value),
                "access_key_id" => builder.with_access_key_id(value),
                _ => builder.with_secret_access_key(value),
            };
        }
        if self.option("endpoint").is_none() {
            builder = builder.with_unsigned_payload(true);
        }
        builder.build()
    }

    fn azure(&self, account: &str) -> Result<object_store::azure::MicrosoftAzure, Error> {
        let mut builder = MicrosoftAzureBuilder::from_env()
            .with_account(account)
            .with_container_name(&self.bucket)
            .with_client_options(self.client())
            .with_retry(retry());
        for (key, value) in &self.options {
            builder = match key.as_str() {
                "endpoint" => builder.with_config(AzureConfigKey::Endpoint, value),
                _ => builder.with_access_key(value),
            };
        }
        builder.build()
    }

    fn google(&self) -> Result<object_store::gcp::GoogleCloudStorage, Error> {
        let mut builder = GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(&self.bucket)
            .with_client_options(self.client())
            .with_retry(retry());
        for (key, value) in &self.options {
            builder = match key.as_str() {
                "endpoint" => builder.with_base_url(value),
                _ => builder.with_config(GoogleConfigKey::ServiceAccount, value),
            };
        }
        builder.build()
    }

    fn client(&self) -> ClientOptions {
        // An answer may take as long as its client's line needs; silence may not.
        ClientOptions::new()
            .with_allow_http(self.option("endpoint").is_some_and(|url| url.starts_with("http://")))
            .with_connect_timeout(CONNECT)
            .with_timeout_disabled()
            .with_read_timeout(SILENCE)
            .with_pool_idle_timeout(Duration::from_secs(60))
    }

    fn option(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(3),
            base: 2.0,
        },
        max_retries: RETRIES,
        retry_timeout: PATIENCE,
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cloud, bucket, prefix, .. } = self;
        match cloud {
            Cloud::S3 => write!(f, "s3://{bucket}/{prefix}")?,
            Cloud::Azure { account } => write!(f, "az://{account}/{bucket}/{prefix}")?,
            Cloud::Google => write!(f, "gs://{bucket}/{prefix}")?,
        }
        self.option("endpoint").map_or(Ok(()), |endpoint| write!(f, " at {endpoint}"))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({self})")
    }
}

impl ObjectBlobStore {
    /// Whose storage this is. Writes nothing.
    pub async fn owner(&self) -> Result<Ownership, ConnectionError> {
        let path = self.paths().deployment();
        let mark = async { self.objects().get_opts(&path, <_>::default()).await?.bytes().await };
        match mark.await {
            Ok(bytes) => Ok(Ownership::Of(String::from_utf8_lossy(&bytes).trim().to_owned())),
            Err(Error::NotFound { source, .. }) => {
                let text = source.to_string();
                // A bucket that isn't there is told in the same words as an object that isn't.
                let missing = ["NoSuchBucket", "ContainerNotFound", "The specified bucket"];
                match missing.iter().any(|word| text.contains(word)) {
                    true => Err(ConnectionError::Store("there is no such bucket".into())),
                    false => Ok(Ownership::Free),
                }
            }
            Err(error) => Err(ConnectionError::Store(chain(&error))),
        }
    }

    /// Marks the storage as the deployment's, unless it is someone else's. The mark is made by a
    /// conditional write, so of two deployments that come at once one is refused.
    pub async fn claim(&self, deployment: &str) -> Result<(), ConnectionError> {
        if self.owner().await? == Ownership::Free {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            let mark = format!("{deployment}\n").into();
            match self.objects().put_opts(&self.paths().deployment(), mark, options).await {
                Ok(_) => return Ok(()),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
                Err(error) => return Err(ConnectionError::Store(chain(&error))),
            }
        }
        match self.owner().await? {
            Ownership::Of(found) if found != deployment => {
                Err(ConnectionError::Foreign { found, ours: deployment.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Tries that of two writes under one name the second is refused. Leaves nothing behind.
    pub async fn tells_names_apart(&self) -> Result<bool, gantry_blobs::BlobError> {
        let path = self.paths().probe(&crate::store::fresh_name());
        let failed = |error: &Error| unavailable("trying conditional writes", error);
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects().put_opts(&path, "1".into(), create()).await.map_err(|e| failed(&e))?;
        let second = self.objects().put_opts(&path, "2".into(), create()).await;
        self.objects().delete(&path).await.map_err(|error| failed(&error))?;
        match second {
            Ok(_) => Ok(false),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(true),
            Err(error) => Err(failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let s3: Connection =
            "s3://blobs/a/b?endpoint=http://127.0.0.1:9000&access_key_id=me&secret_access_key=hunter2"
                .parse()
                .unwrap();
        assert_eq!(s3.to_string(), "s3://blobs/a/b at http://127.0.0.1:9000");
        assert!(!format!("{s3:?}").contains("hunter2"));
        let azure: Connection = "az://account/container".parse().unwrap();
        assert_eq!(azure.to_string(), "az://account/container/");
        let google: Connection = "gs://bucket/prefix".parse().unwrap();
        assert_eq!(google.to_string(), "gs://bucket/prefix");
    }

    #[test]
    fn mistakes_are_named() {
        for (address, word) in [
            ("blobs", "s3://"),
            ("ftp://blobs", "ftp"),
            ("s3:///prefix", "s3://BUCKET"),
            ("az://account", "container"),
            ("s3://b?endpont=http://h", "endpont"),
            ("s3://b?endpoint=h:9000", "endpoint"),
        ] {
            let error = address.parse::<Connection>().unwrap_err().to_string();
            assert!(error.contains(word), "{address}: {error}");
        }
    }
}
