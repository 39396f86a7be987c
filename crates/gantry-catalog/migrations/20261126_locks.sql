-- What may not be done to a repository, a tag or a manifest, as bits: 1 delete, 2 write, 4 list, 8 read.
-- Null, as in rows of the release before, is nothing.

alter table repository add column locks {INT};
alter table tag add column locks {INT};
alter table repository_manifest add column locks {INT};

-- Those that keep their repository from being deleted.
create index tag_kept on tag (repository, locks) where (locks & 3) <> 0;
create index repository_manifest_kept on repository_manifest (repository, locks)
    where (locks & 3) <> 0;

-- What lists tell of a manifest. In rows of the release before all of it is null, and so is what a
-- manifest has none of.
alter table repository_manifest add column updated_at {INT};
alter table repository_manifest add column image_size {INT};
alter table repository_manifest add column config_media_type {TEXT};
alter table repository_manifest add column architecture {TEXT};
alter table repository_manifest add column os {TEXT};

-- Lists in the order of time.
create index repository_updated on repository (registry, updated_at, name) where manifest_count > 0;
create index tag_updated on tag (repository, updated_at, name);
create index repository_manifest_updated
    on repository_manifest (repository, coalesce(updated_at, pushed_at), digest);
