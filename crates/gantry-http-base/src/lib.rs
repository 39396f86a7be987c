//! Shared HTTP layers: request id, limits, actor extraction, paging, bodies.
