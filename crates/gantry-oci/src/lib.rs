//! OCI words: digests, names, references, media types, ranges, manifests. Pure.
