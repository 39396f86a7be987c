//! File bytes to sockets by the cheapest way a connection allows.
