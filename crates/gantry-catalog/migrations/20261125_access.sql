-- Who may do what: epochs, tokens, roles, and the built-in directory.

-- What an operator sets on a registry besides, as JSON; null in rows of the release before.
alter table registry add column details {TEXT};
-- Raised by what must end refresh tokens too; null is 0.
alter table registry add column sign_in_epoch {INT};
-- Null is the first resource group.
alter table registry add column resource_group {TEXT};

-- Whatever tokens depend on, and how often what must end them has happened. No row is 0.
create table epoch (
    subject {TEXT} primary key not null,
    value {INT} not null,
    raised_at {INT} not null
) {KEYED_TABLE};

-- Repository-scoped tokens. A `key` is the name in lower case: resources are called regardless of case.

create table scope_map (
    registry {BYTES} not null references registry (id),
    key {TEXT} not null,
    name {TEXT} not null,
    id {BYTES} not null unique,
    description {TEXT},
    actions {TEXT} not null,
    created_at {INT} not null,
    primary key (registry, key)
) {TABLE};

create table token (
    registry {BYTES} not null references registry (id),
    key {TEXT} not null,
    name {TEXT} not null,
    id {BYTES} not null unique,
    scope_map {TEXT} not null,
    enabled {INT} not null,
    created_at {INT} not null,
    primary key (registry, key)
) {KEYED_TABLE};

create index token_scope_map on token (registry, scope_map);

create table token_password (
    registry {BYTES} not null,
    token {TEXT} not null,
    name {TEXT} not null,
    hash {BYTES} not null,
    created_at {INT} not null,
    expires_at {INT},
    primary key (registry, token, name),
    foreign key (registry, token) references token (registry, key)
) {KEYED_TABLE};

-- Roles. Built-in ones are not rows.

create table role_definition (
    id {TEXT} primary key not null,
    name {TEXT} not null unique,
    document {TEXT} not null,
    created_at {INT} not null,
    updated_at {INT} not null
) {TABLE};

-- `scope` is in lower case, `shown_scope` as it was written.
create table role_assignment (
    id {TEXT} primary key not null,
    scope {TEXT} not null,
    shown_scope {TEXT} not null,
    principal {TEXT} not null,
    principal_type {TEXT} not null,
    role {TEXT} not null,
    condition {TEXT},
    description {TEXT},
    created_by {TEXT} not null,
    created_at {INT} not null,
    updated_at {INT} not null,
    unique (scope, principal, role)
) {TABLE};

create index role_assignment_principal on role_assignment (principal);
create index role_assignment_role on role_assignment (role);

-- The built-in directory.

create table tenant (
    id {TEXT} primary key not null,
    subscription {TEXT} not null,
    domain {TEXT} not null,
    created_at {INT} not null
) {TABLE};

-- `upn` is in lower case.
create table directory_user (
    id {TEXT} primary key not null,
    upn {TEXT} not null unique,
    display_name {TEXT} not null,
    enabled {INT} not null,
    password {TEXT},
    totp {BYTES},
    totp_step {INT},
    created_at {INT} not null
) {TABLE};

create index directory_user_name on directory_user (display_name, id);

create table directory_group (
    id {TEXT} primary key not null,
    display_name {TEXT} not null,
    description {TEXT},
    created_at {INT} not null
) {TABLE};

create index directory_group_name on directory_group (display_name, id);

create table directory_member (
    group_id {TEXT} not null references directory_group (id),
    member {TEXT} not null,
    primary key (group_id, member)
) {KEYED_TABLE};

create index directory_member_of on directory_member (member, group_id);

-- `document` is what nothing is looked up by, as JSON.
create table directory_application (
    id {TEXT} primary key not null,
    app_id {TEXT} not null unique,
    display_name {TEXT} not null,
    document {TEXT} not null,
    created_at {INT} not null
) {TABLE};

create index directory_application_name on directory_application (display_name, id);

create table directory_credential (
    application {TEXT} not null references directory_application (id),
    id {TEXT} not null,
    kind {TEXT} not null,
    display_name {TEXT},
    hint {TEXT},
    hash {BYTES},
    certificate {BYTES},
    starts_at {INT} not null,
    ends_at {INT} not null,
    primary key (application, id)
) {TABLE};

create table directory_federation (
    application {TEXT} not null references directory_application (id),
    id {TEXT} not null,
    name {TEXT} not null,
    issuer {TEXT} not null,
    subject {TEXT} not null,
    audiences {TEXT} not null,
    description {TEXT},
    primary key (application, id)
) {TABLE};

create table directory_service_principal (
    id {TEXT} primary key not null,
    app_id {TEXT} not null unique,
    kind {TEXT} not null,
    display_name {TEXT} not null,
    enabled {INT} not null,
    created_at {INT} not null
) {TABLE};

create index directory_service_principal_name on directory_service_principal (display_name, id);

-- Workloads that may have a managed identity's tokens: by a secret, or by the address they ask from.
create table directory_workload (
    service_principal {TEXT} not null references directory_service_principal (id),
    id {TEXT} not null,
    kind {TEXT} not null,
    network {TEXT},
    hash {BYTES},
    created_at {INT} not null,
    primary key (service_principal, id)
) {TABLE};

create index directory_workload_secret on directory_workload (hash) where hash is not null;

-- Those whom outside issuers know, as they came last.
create table directory_foreigner (
    id {TEXT} primary key not null,
    issuer {TEXT} not null,
    subject {TEXT} not null,
    name {TEXT} not null,
    groups {TEXT} not null,
    seen_at {INT} not null
) {TABLE};

-- The keys that sign the directory's tokens; the newest signs.
create table directory_key (
    id {TEXT} primary key not null,
    sealed {BYTES} not null,
    public_key {BYTES} not null,
    created_at {INT} not null
) {TABLE};

-- Sign-ins under way: codes that are shown, asked for or exchanged once.

create table device_code (
    hash {BYTES} primary key not null,
    user_code {TEXT} not null unique,
    client {TEXT} not null,
    scope {TEXT} not null,
    state {TEXT} not null,
    user_id {TEXT},
    epoch {INT},
    expires_at {INT} not null
) {TABLE};

create index device_code_expires on device_code (expires_at);

create table authorization_code (
    hash {BYTES} primary key not null,
    document {TEXT} not null,
    expires_at {INT} not null
) {TABLE};

create index authorization_code_expires on authorization_code (expires_at);

-- Sign-ins and refusals, in the order of their ids; trimmed by age.
create table audit (
    id {BYTES} primary key not null,
    registry {BYTES},
    document {TEXT} not null
) {KEYED_TABLE};
