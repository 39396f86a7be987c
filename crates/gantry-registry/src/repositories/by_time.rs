//! Listing repositories in the order in which they were changed.

use gantry_catalog::{Order, Place};
use gantry_model::Timestamp;
use gantry_model::permission::CatalogPermit;
use gantry_oci::RepositoryName;

use crate::{Content, StoreError};

/// How often the catalog is asked for one page, for somebody who may see a few of many.
const MOST_QUERIES: usize = 64;

/// One page of the list of repositories by time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimePage {
    /// Those that may be shown.
    pub repositories: Vec<RepositoryName>,
    /// Behind which moment and repository the next page begins, if there may be one. It needn't be
    /// one that may be shown.
    pub next: Option<(Timestamp, RepositoryName)>,
}

impl Content {
    /// Up to `limit` repositories of the registry that may be shown, in an order of time behind
    /// `place`.
    pub async fn list_repositories_by_time(
        &self,
        permit: &CatalogPermit,
        order: Order,
        place: Option<Place<String>>,
        limit: usize,
    ) -> Result<TimePage, StoreError> {
        let limit = limit.min(self.limits().page);
        let mut page = TimePage::default();
        if limit == 0 {
            return Ok(page);
        }
        let ranges = permit.ranges();
        let shows = |name: &RepositoryName| {
            ranges.iter().any(|range| range.has(name.as_str())) && permit.shows(name)
        };
        let mut place = place;
        for _ in 0..MOST_QUERIES {
            let behind = place.as_ref().map(|place| Place { at: place.at, name: &*place.name });
            let rows = self
                .catalog()
                .repository_list_by_time(permit.registry(), order, behind, limit + 1)
                .await?;
            let is_whole = rows.len() <= limit;
            for (name, at) in rows {
                if page.repositories.len() == limit {
                    // The page is full: it ends where the last look did.
                    page.next = place.map(|place| (place.at, place.name)).and_then(named);
                    return Ok(page);
                }
                place = Some(Place { at, name: name.to_string() });
                if shows(&name) {
                    page.repositories.push(name);
                }
            }
            if is_whole {
                return Ok(page);
            }
        }
        page.next = place.map(|place| (place.at, place.name)).and_then(named);
        Ok(page)
    }
}

fn named((at, name): (Timestamp, String)) -> Option<(Timestamp, RepositoryName)> {
    name.parse().ok().map(|name| (at, name))
}
