//! Listing and deleting repositories.

mod by_time;
mod delete;
mod list;

pub use by_time::TimePage;
pub use delete::{DeleteRepositoryError, DeletedRepository};
pub use list::{CatalogPage, NextPage};
