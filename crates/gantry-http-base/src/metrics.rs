//! What is counted, in the form that Prometheus reads. Labels are registries, endpoints, methods
//! and status codes: their number doesn't grow with content or clients.

use gantry_model::RegistryName;
use gantry_throttle::{Of, Throttled};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the duration histogram's buckets, in seconds.
const SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The registry's name, or nothing where no registry was found.
    #[prometheus(flatten)]
    pub registry: RegistryLabel,
    /// What was asked for.
    pub endpoint: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The status code.
    pub code: u16,
}

/// A registry as a label, or none. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RegistryLabel {
    registry: NameLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NameLabel(Option<RegistryName>);

impl RegistryLabel {
    /// Labels the registry.
    pub fn of(registry: Option<&gantry_model::Registry>) -> Self {
        Self { registry: NameLabel(registry.map(|registry| registry.name.clone())) }
    }

    /// The label's text.
    pub fn as_str(&self) -> &str {
        self.registry.0.as_ref().map_or("", RegistryName::as_str)
    }
}

impl EncodeLabelValue for NameLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or("", RegistryName::as_str).encode(encoder)
    }
}

/// An endpoint as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EndpointLabel {
    /// What was asked for.
    pub endpoint: &'static str,
}

/// Labels of a request that was one too many.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ThrottledLabels {
    #[prometheus(flatten)]
    registry: RegistryLabel,
    category: &'static str,
    of: &'static str,
}

/// A certificate as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CertificateLabels {
    /// The first name it is for.
    pub name: String,
    /// Whether it is `configured` or `issued`.
    pub source: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    /// How long requests took until their answer's head was ready, in seconds.
    pub seconds: Family<EndpointLabel, Histogram, fn() -> Histogram>,
    /// Bytes of request bodies.
    pub received: Family<RegistryLabel, Counter>,
    /// Bytes of answers' bodies.
    pub sent: Family<RegistryLabel, Counter>,
    /// Requests that were too many.
    pub throttled: Family<ThrottledLabels, Counter>,
    /// Manifests pulled.
    pub pulls: Family<RegistryLabel, Counter>,
    /// Manifests pushed.
    pub pushes: Family<RegistryLabel, Counter>,
    /// Upload sessions being written to.
    pub uploads_in_flight: Gauge,
    /// Bytes stored.
    pub stored_bytes: Family<RegistryLabel, Gauge>,
    /// Blobs stored.
    pub stored_blobs: Family<RegistryLabel, Gauge>,
    /// Manifests stored.
    pub stored_manifests: Family<RegistryLabel, Gauge>,
    /// When certificates end, in seconds since 1970.
    pub certificates: Family<CertificateLabels, Gauge>,
    /// Collections that ended well.
    pub collections: Counter,
    /// Blobs whose bytes a collection deleted.
    pub collected_blobs: Counter,
    /// Bytes that collections freed.
    pub collected_bytes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            received: Family::default(),
            sent: Family::default(),
            throttled: Family::default(),
            pulls: Family::default(),
            pushes: Family::default(),
            uploads_in_flight: Gauge::default(),
            stored_bytes: Family::default(),
            stored_blobs: Family::default(),
            stored_manifests: Family::default(),
            certificates: Family::default(),
            collections: Counter::default(),
            collected_blobs: Counter::default(),
            collected_bytes: Counter::default(),
        }
    }

    /// Notes that a request was one too many.
    pub(crate) fn note_throttled(&self, registry: &gantry_model::Registry, throttled: &Throttled) {
        let labels = ThrottledLabels {
            registry: RegistryLabel::of(Some(registry)),
            category: throttled.category.as_str(),
            of: match throttled.of {
                Of::Registry => "registry",
                Of::Identity => "identity",
            },
        };
        self.throttled.get_or_create(&labels).inc();
    }

    /// The text that a scrape answers (OpenMetrics).
    pub fn render(&self) -> String {
        let mut registry = Registry::with_prefix("gantry");
        registry.register("requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time until the answer's head",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register_with_unit(
            "received",
            "Request bodies",
            Unit::Bytes,
            self.received.clone(),
        );
        registry.register_with_unit("sent", "Answer bodies", Unit::Bytes, self.sent.clone());
        registry.register("throttled", "Requests that were too many", self.throttled.clone());
        registry.register("manifest_pulls", "Manifests pulled", self.pulls.clone());
        registry.register("manifest_pushes", "Manifests pushed", self.pushes.clone());
        registry.register(
            "uploads_in_flight",
            "Upload sessions being written to",
            self.uploads_in_flight.clone(),
        );
        registry.register_with_unit(
            "stored",
            "Content stored",
            Unit::Bytes,
            self.stored_bytes.clone(),
        );
        registry.register("stored_blobs", "Blobs stored", self.stored_blobs.clone());
        registry.register("stored_manifests", "Manifests stored", self.stored_manifests.clone());
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the certificate ends",
            Unit::Seconds,
            self.certificates.clone(),
        );
        registry.register("collections", "Collections that ended well", self.collections.clone());
        registry.register(
            "collected_blobs",
            "Blobs deleted from the store",
            self.collected_blobs.clone(),
        );
        registry.register_with_unit(
            "collected",
            "Content deleted from the store",
            Unit::Bytes,
            self.collected_bytes.clone(),
        );
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(error) => {
                tracing::error!(%error, "metrics can't be written");
                String::new()
            }
        }
    }
}
