//! All metadata: every SQL text, one file per aggregate, the journal.
