-- What several nodes of one deployment share.

-- The deployment's own name: blob storage is marked with it, so that two never share one by mistake.
create table deployment (
    name {TEXT} primary key not null,
    id {TEXT} not null,
    created_at {INT} not null
) {TABLE};

-- Who does what only one may do at a time, and until when, by the database's clock.
create table lease (
    name {TEXT} primary key not null,
    holder {TEXT} not null,
    until {INT} not null
) {TABLE};

-- How far each node has followed what the others change, and until when it trusts what it has
-- cached, by the database's clock.
create table node (
    id {TEXT} primary key not null,
    followed_at {INT} not null,
    until {INT} not null
) {TABLE};

-- The authority that signs server certificates where none is configured.
create table certificate_authority (
    name {TEXT} primary key not null,
    certificate {TEXT} not null,
    sealed_key {BYTES} not null
) {TABLE};

-- How a blob store goes on with an upload, in words of its own.
alter table upload add column note {BYTES};

-- How a registry's blobs reach clients; null in rows of the release before.
alter table registry add column blob_reads {TEXT};
