//! How much of a list of content, and in which order.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use serde_json::Value;

/// The flags of lists of content.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// In which order: by name (manifests by digest), or with what was changed last on top
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Order::Name)]
    orderby: Order,
    /// How many at most [default: all]
    #[arg(long, value_name = "N")]
    top: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    Name,
    Time,
}

impl Listing {
    /// The query of the first page.
    pub(super) fn query(&self) -> String {
        let order = match self.orderby {
            Order::Name => "",
            Order::Time => "timedesc",
        };
        let most = self.top.map(|top| format!("&n={top}")).unwrap_or_default();
        format!("?orderby={order}{most}")
    }

    /// Whether so many are as many as are wanted.
    pub(super) fn is_enough(&self, found: usize) -> bool {
        self.top.is_some_and(|top| found >= top.get())
    }

    /// Leaves as many as are wanted.
    pub(super) fn cut(&self, all: &mut Vec<Value>) {
        all.truncate(self.top.map_or(usize::MAX, NonZeroUsize::get));
    }
}
