-- Rate limits that several nodes share.

-- A bucket that tokens have been taken from. When it was empty, or will be, had it always been
-- refilled at its rate; until when the present period of refusals lasts; from when on the row says
-- no more than its absence. By the database's clock.
create table rate_bucket (
    registry {BYTES} not null,
    -- Empty where it is the registry's as a whole.
    identity {TEXT} not null,
    category {TEXT} not null check (category in ('read', 'write', 'delete', 'referrers', 'oauth')),
    empty_at {INT} not null,
    refusing_until {INT} not null,
    full_at {INT} not null,
    primary key (registry, identity, category)
) {KEYED_TABLE};

create index rate_bucket_by_full_at on rate_bucket (full_at);
