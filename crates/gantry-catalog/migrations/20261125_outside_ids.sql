-- Ids that outside issuers bring.

-- When the newest token was made whose groups count: an older one brings none back. Those of before
-- count as of the oldest.
alter table directory_foreigner add column token_at {INT} not null default 0;

-- Who was the first to bring an id as it stands, of a person or of a group. No other's tokens are
-- about it from then on.
create table directory_foreign_id (
    id {TEXT} primary key not null,
    issuer {TEXT} not null
) {TABLE};

insert into directory_foreign_id (id, issuer) select id, issuer from directory_foreigner;
