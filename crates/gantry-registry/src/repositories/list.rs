//! Listing repositories by name.

use gantry_model::permission::{CatalogPermit, behind};
use gantry_oci::RepositoryName;

use crate::{Content, StoreError};

/// How often the catalog is asked for one page. Somebody may read a few names of many, or those that
/// meet a condition: they get a short page then, and go on from where it ends.
const MOST_QUERIES: usize = 64;

/// One page of the list of repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogPage {
    /// Those that may be shown, in byte order.
    pub repositories: Vec<RepositoryName>,
    /// Where the next page begins, if there may be one.
    pub next: Option<NextPage>,
}

/// Where the next page of the list of repositories begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// Behind a repository of this page.
    Behind(RepositoryName),
    /// Behind a text that may be the name of a repository that must not be shown.
    Secret(String),
}

impl Content {
    /// Up to `limit` repositories of the registry that may be shown, after `last`, in byte order.
    pub async fn list_repositories(
        &self,
        permit: &CatalogPermit,
        last: &str,
        limit: usize,
    ) -> Result<CatalogPage, StoreError> {
        let limit = limit.min(self.limits().page);
        let mut page = CatalogPage { repositories: Vec::new(), next: None };
        if limit == 0 {
            return Ok(page);
        }
        let mut from = if last.is_empty() { String::new() } else { behind(last) };
        let mut queries = 0;
        for range in permit.ranges() {
            if range.to.as_deref().is_some_and(|to| to <= &*from) {
                continue;
            }
            from = from.max(range.from.into_owned());
            loop {
                let wanted = limit + 1 - page.repositories.len();
                let until = range.to.as_deref();
                let names =
                    self.catalog().repository_list(permit.registry(), &from, until, wanted).await?;
                queries += 1;
                let is_whole = names.len() < wanted;
                for name in names {
                    from = behind(name.as_str());
                    if !permit.shows(&name) {
                        continue;
                    }
                    if page.repositories.len() == limit {
                        page.next = page.repositories.last().cloned().map(NextPage::Behind);
                        return Ok(page);
                    }
                    page.repositories.push(name);
                }
                if is_whole {
                    break;
                }
                if queries >= MOST_QUERIES {
                    return Ok(page.continued_at(&from));
                }
            }
            if queries >= MOST_QUERIES {
                let end = range.to.unwrap_or_default();
                return Ok(page.continued_at(&end));
            }
        }
        Ok(page)
    }
}

impl CatalogPage {
    /// The page as it is, with what comes at `from` or behind it on the next.
    fn continued_at(mut self, from: &str) -> Self {
        // The mark behind a name is no part of what clients get to see.
        self.next = Some(NextPage::Secret(from.strip_suffix('!').unwrap_or(from).to_owned()));
        self
    }
}
