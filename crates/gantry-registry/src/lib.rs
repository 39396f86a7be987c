//! The rules of pushing, pulling, deleting and collecting content.
