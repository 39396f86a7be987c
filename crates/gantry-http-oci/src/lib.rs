//! The OCI distribution surface under /v2/.
