-- Resources of the management API.

-- What no column of its own has, as JSON; null in rows of the release before, which leaves it as it is.
alter table registry add column resource {TEXT};
-- A registry that was deleted keeps its content for a while, under a name that nobody can have.
alter table registry add column deleted_at {INT};
alter table registry add column deleted_name {TEXT};

create index registry_deleted on registry (deleted_at, id) where deleted_at is not null;

-- A `key` is the name in lower case, a `scope` the id in lower case: both are called regardless of case.

create table resource_group (
    key {TEXT} primary key not null,
    name {TEXT} not null,
    location {TEXT} not null,
    tags {TEXT} not null,
    created_at {INT} not null
) {TABLE};

-- What keeps resources from being changed or deleted.
create table resource_lock (
    scope {TEXT} not null,
    key {TEXT} not null,
    shown_scope {TEXT} not null,
    name {TEXT} not null,
    level {TEXT} not null,
    notes {TEXT} not null,
    primary key (scope, key)
) {KEYED_TABLE};

-- Resources of registries that are configuration and nothing else: read whole, by name.
create table resource (
    registry {BYTES} not null references registry (id),
    kind {TEXT} not null,
    key {TEXT} not null,
    id {BYTES} not null,
    name {TEXT} not null,
    document {TEXT} not null,
    sealed {BYTES},
    created_at {INT} not null,
    primary key (registry, kind, key)
) {TABLE};

-- Roles that were given at a resource go with it.
create index role_assignment_scope on role_assignment (scope, id);

-- What was done by the management API, for its activity log.
create index journal_managed on journal (number) where kind = 'managed';
