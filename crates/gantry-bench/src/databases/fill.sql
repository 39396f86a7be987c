-- Rows as pushes leave them: REPOSITORIES repositories, MANIFESTS manifests, TAGS tags of each. What
-- stands between colons is put in by databases.rs.

begin;

create temporary table kept on commit drop as
select c.conrelid::regclass as on_table, c.conname as name, c.contype as kind,
       pg_get_constraintdef(c.oid) as definition
  from pg_constraint c
 where c.conrelid in ('repository'::regclass, 'repository_blob'::regclass, 'manifest'::regclass,
                      'repository_manifest'::regclass, 'blob_edge'::regclass, 'manifest_edge'::regclass,
                      'tag'::regclass, 'tag_history'::regclass);

create temporary table kept_index on commit drop as
select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as definition
  from pg_index i
 where i.indrelid in (select on_table from kept)
   and not exists (select from pg_constraint c where c.conindid = i.indexrelid);

do $$
declare it record;
begin
    for it in select * from kept order by kind <> 'f' loop
        execute format('alter table %s drop constraint %I', it.on_table, it.name);
    end loop;
    for it in select * from kept_index loop
        execute format('drop index %s', it.name);
    end loop;
end $$;

-- Tables that are new in their transaction are not logged, only synced.
truncate repository, repository_blob, manifest, repository_manifest, blob_edge, manifest_edge, tag,
         tag_history, usage;

create temporary table place on commit drop as
select id as registry, extract(epoch from now())::bigint * 1000000 as at,
       '\x01'::bytea || sha256('{}') as empty
  from registry where name = 'local';

-- Ids begin with the time, as ULIDs do.
insert into repository
select decode(lpad(to_hex(1790000000000 + n), 12, '0') || left(md5('repository' || n), 20), 'hex'),
       p.registry,
       case n when 0 then ':NAME:' else 'few/app-' || lpad(n::text, 6, '0') end,
       case n when 0 then :TAGGED: else :OTHERS: end,
       :TAGS: * case n when 0 then :TAGGED: else :OTHERS: end,
       p.at, p.at
  from generate_series(0, :REPOSITORIES: - 1) n, place p;

insert into blob
select registry, empty, 'seeded', 2, at from place;

insert into repository_blob
select r.id, p.empty, p.registry, p.at, null from repository r, place p;

create temporary table content on commit drop as
select n, r.id as repository, convert_to(format(':TEXT:', n), 'UTF8') as bytes
  from generate_series(0, :MANIFESTS: - 1) n
  join repository r
    on r.name = case when n < :TAGGED: then ':NAME:'
                else 'few/app-' || lpad(((n - :TAGGED:) / :OTHERS: + 1)::text, 6, '0') end
 order by n;

insert into manifest
select p.registry, '\x01'::bytea || sha256(c.bytes), c.bytes from content c, place p;

insert into repository_manifest
select c.repository, '\x01'::bytea || sha256(c.bytes), p.registry,
       'application/vnd.oci.image.manifest.v1+json', length(c.bytes),
       'application/vnd.example.number', null, null, 'bench', p.at
  from content c, place p;

insert into blob_edge
select repository, digest, p.empty, p.empty from repository_manifest, place p;

insert into tag
select c.repository, 'v' || lpad((c.n * :TAGS: + k)::text, 8, '0'), '\x01'::bytea || sha256(c.bytes),
       p.at + c.n * :TAGS: + k, 0, 'bench', p.at, p.at
  from content c, generate_series(0, :TAGS: - 1) k, place p;

insert into tag_history
select repository, name, stamp_at, stamp_counter, digest, pushed_by from tag;

insert into usage
select r.registry, r.name, 1, count(*), 2 + sum(m.size)
  from repository r
  join repository_manifest m on m.repository = r.id
 group by r.registry, r.name;

insert into usage
select registry, '', 1, sum(manifests), 2 + sum(bytes - 2) from usage group by registry;

do $$
declare it record;
begin
    for it in select * from kept order by kind = 'f' loop
        execute format('alter table %s add constraint %I %s', it.on_table, it.name, it.definition);
    end loop;
    for it in select * from kept_index loop
        execute it.definition;
    end loop;
end $$;

commit;
vacuum (analyze);
checkpoint;
