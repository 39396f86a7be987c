-- Registries, and what may sign in to them.

create table registry (
    id {BYTES} primary key not null,
    name {TEXT} not null unique,
    location {TEXT} not null,
    tier {TEXT} not null,
    anonymous_pull {INT} not null,
    sparse_content {INT} not null,
    admin_enabled {INT} not null,
    epoch {INT} not null,
    created_at {INT} not null
) {TABLE};

create table admin_password (
    registry {BYTES} not null references registry (id),
    name {TEXT} not null,
    sealed {BYTES} not null,
    set_at {INT} not null,
    primary key (registry, name)
) {KEYED_TABLE};

create table signing_key (
    id {TEXT} primary key not null,
    sealed {BYTES} not null,
    public_key {BYTES} not null,
    created_at {INT} not null
) {TABLE};

-- Content. Bytes are stored once in a registry; membership is per repository.

create table repository (
    id {BYTES} primary key not null,
    registry {BYTES} not null references registry (id),
    name {TEXT} not null,
    manifest_count {INT} not null,
    tag_count {INT} not null,
    created_at {INT} not null,
    updated_at {INT} not null,
    unique (registry, name)
) {TABLE};

-- The listed repositories: one that holds no manifest is not there for anyone to see.
create index repository_listed on repository (registry, name) where manifest_count > 0;
-- The empty ones, which the collector removes.
create index repository_empty on repository (updated_at) where manifest_count = 0;

create table blob (
    registry {BYTES} not null references registry (id),
    digest {BYTES} not null,
    storage_key {TEXT} not null unique,
    size {INT} not null,
    created_at {INT} not null,
    primary key (registry, digest)
) {KEYED_TABLE};

-- A repository holds a blob. `unreferenced_since` is set while no manifest of the repository names it.
create table repository_blob (
    repository {BYTES} not null references repository (id),
    digest {BYTES} not null,
    registry {BYTES} not null,
    linked_at {INT} not null,
    unreferenced_since {INT},
    primary key (repository, digest),
    foreign key (registry, digest) references blob (registry, digest)
) {KEYED_TABLE};

create index repository_blob_holders on repository_blob (registry, digest);
create index repository_blob_unreferenced on repository_blob (unreferenced_since)
    where unreferenced_since is not null;

create table manifest (
    registry {BYTES} not null references registry (id),
    digest {BYTES} not null,
    bytes {BYTES} not null,
    primary key (registry, digest)
) {TABLE};

-- A repository holds a manifest. Rows may be long, so they are kept out of the key.
create table repository_manifest (
    repository {BYTES} not null references repository (id),
    digest {BYTES} not null,
    registry {BYTES} not null,
    media_type {TEXT} not null,
    size {INT} not null,
    artifact_type {TEXT},
    subject {BYTES},
    annotations {TEXT},
    pushed_by {TEXT} not null,
    pushed_at {INT} not null,
    primary key (repository, digest),
    foreign key (registry, digest) references manifest (registry, digest)
) {TABLE};

create index repository_manifest_holders on repository_manifest (registry, digest);
create index repository_manifest_subject on repository_manifest (repository, subject, digest)
    where subject is not null;

-- A manifest names a blob. `held` repeats the digest while the repository holds the blob, so that a
-- collection and a commit meet in the foreign key; it is null where the blob is absent.
create table blob_edge (
    repository {BYTES} not null,
    manifest {BYTES} not null,
    blob {BYTES} not null,
    held {BYTES},
    primary key (repository, manifest, blob),
    foreign key (repository, manifest) references repository_manifest (repository, digest),
    foreign key (repository, held) references repository_blob (repository, digest)
) {KEYED_TABLE};

create index blob_edge_held on blob_edge (repository, held);
create index blob_edge_absent on blob_edge (repository, blob) where held is null;

-- An index names a manifest; `held` as above.
create table manifest_edge (
    repository {BYTES} not null,
    parent {BYTES} not null,
    child {BYTES} not null,
    held {BYTES},
    primary key (repository, parent, child),
    foreign key (repository, parent) references repository_manifest (repository, digest),
    foreign key (repository, held) references repository_manifest (repository, digest)
) {KEYED_TABLE};

create index manifest_edge_held on manifest_edge (repository, held);
create index manifest_edge_absent on manifest_edge (repository, child) where held is null;

create table tag (
    repository {BYTES} not null references repository (id),
    name {TEXT} not null,
    digest {BYTES} not null,
    stamp_at {INT} not null,
    stamp_counter {INT} not null,
    pushed_by {TEXT} not null,
    created_at {INT} not null,
    updated_at {INT} not null,
    primary key (repository, name),
    foreign key (repository, digest) references repository_manifest (repository, digest)
) {KEYED_TABLE};

create index tag_digest on tag (repository, digest, name);

-- What each tag named, and since when; a null digest is a removal. Outlives the repository.
create table tag_history (
    repository {BYTES} not null,
    name {TEXT} not null,
    stamp_at {INT} not null,
    stamp_counter {INT} not null,
    digest {BYTES},
    changed_by {TEXT} not null,
    primary key (repository, name, stamp_at, stamp_counter)
) {KEYED_TABLE};

create table upload (
    id {BYTES} primary key not null,
    registry {BYTES} not null references registry (id),
    repository {TEXT} not null,
    identity {TEXT} not null,
    storage_key {TEXT} not null unique,
    received {INT} not null,
    hash_state {BYTES} not null,
    started_at {INT} not null,
    touched_at {INT} not null
) {TABLE};

create index upload_touched on upload (touched_at);
create index upload_identity on upload (registry, identity);

-- Stored bytes that no row names any more; the collector deletes them.
create table trash (
    storage_key {TEXT} primary key not null,
    size {INT} not null,
    trashed_at {INT} not null
) {KEYED_TABLE};

-- The journal, and how far each of its readers is.

create table journal (
    id {BYTES} primary key not null,
    number {INT} unique,
    registry {BYTES} not null,
    kind {TEXT} not null,
    change {TEXT} not null,
    at {INT} not null
) {TABLE};

create index journal_unnumbered on journal (id) where number is null;

create table journal_reader (
    name {TEXT} primary key not null,
    position {INT} not null
) {KEYED_TABLE};

-- Stored bytes as running figures, kept by a journal reader. The empty repository name is the
-- registry as a whole.
create table usage (
    registry {BYTES} not null,
    repository {TEXT} not null,
    blobs {INT} not null,
    manifests {INT} not null,
    bytes {INT} not null,
    primary key (registry, repository)
) {KEYED_TABLE};
