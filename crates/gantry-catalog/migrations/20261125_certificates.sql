-- Certificates that an authority issues over ACME (RFC 8555).

create table acme_account (
    -- The address of the authority's directory.
    directory {TEXT} primary key not null,
    url {TEXT} not null,
    -- A JSON array.
    contacts {TEXT} not null,
    sealed_key {BYTES} not null,
    created_at {INT} not null
) {TABLE};

-- What is known of a name that needs a certificate: the one in use, if there is one, and how the
-- attempts at the next one went since.
create table certificate (
    name {TEXT} primary key not null,
    directory {TEXT},
    chain {TEXT},
    sealed_key {BYTES},
    not_before {INT},
    not_after {INT},
    renew_at {INT},
    -- With which authority and by which challenge.
    attempted_by {TEXT},
    attempts {INT} not null,
    failure {TEXT},
    attempted_at {INT},
    next_attempt_at {INT},
    check ((chain is null) = (sealed_key is null)),
    check ((chain is null) = (directory is null)),
    check ((chain is null) = (not_before is null)),
    check ((chain is null) = (not_after is null)),
    check ((chain is null) = (renew_at is null))
) {TABLE};

-- What the authority is about to ask, so that any node can answer; and, of names in the DNS, what is
-- to be taken away again.
create table acme_challenge (
    token {TEXT} primary key not null,
    kind {TEXT} not null check (kind in ('http-01', 'tls-alpn-01', 'dns-01')),
    name {TEXT} not null,
    key_authorization {TEXT} not null,
    expires_at {INT} not null
) {KEYED_TABLE};

create index acme_challenge_name on acme_challenge (name, kind);
create index acme_challenge_expires on acme_challenge (expires_at);
