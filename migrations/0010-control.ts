import { sql, type Kysely } from 'kysely'

/**
 * Versions of the documents that Control ticks carry, and which of them wait for the publisher.
 *
 * Both functions commit synchronously: an epoch that a crash of the database took back would be given to another content,
 * while the first may stand in the log already.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table ingest.documents (
  document_id text collate "C" not null,
  epoch bigint not null,
  hash text collate "C" not null,
  body jsonb not null,
  author text not null,
  from_file boolean not null,
  created_at timestamptz not null default now(),
  primary key (document_id, epoch)
);
comment on table ingest.documents is 'Every version of every document that is put into the log as Control ticks. Rows are added, never changed.';
comment on column ingest.documents.document_id is 'Which document: arbitrage.';
comment on column ingest.documents.epoch is 'Its version, counted from 1 per document.';
comment on column ingest.documents.hash is 'SHA-256 of its canonical JSON: names sorted, no spaces.';
comment on column ingest.documents.body is 'The document.';
comment on column ingest.documents.author is 'Who put it there: user@host, or bootstrap.';
comment on column ingest.documents.from_file is 'Whether bootstrap took it from the configuration file; the newest such tells whether the file was edited since.';
comment on column ingest.documents.created_at is 'When.';

create table ingest.outbox (
  outbox_id bigint generated always as identity primary key,
  document_id text collate "C" not null,
  epoch bigint not null,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  unique (document_id, epoch),
  foreign key (document_id, epoch) references ingest.documents
);
create index outbox_waiting on ingest.outbox (outbox_id) where published_at is null;
comment on table ingest.outbox is 'What is to be written to the log, in this order. Marked after Kafka has acknowledged it in every partition; killed in between, the publisher writes it again.';
comment on column ingest.outbox.outbox_id is 'Order of writing.';
comment on column ingest.outbox.document_id is 'Which document.';
comment on column ingest.outbox.epoch is 'Which version of it.';
comment on column ingest.outbox.created_at is 'When it was put here.';
comment on column ingest.outbox.published_at is 'When it stood in every partition; null: it waits.';

create table ingest.control_session (
  only_row boolean primary key default true check (only_row),
  session bigint not null
);
insert into ingest.control_session (session) values (0);
comment on table ingest.control_session is 'Session of the newest publisher of Control ticks; one row.';
comment on column ingest.control_session.only_row is 'Always true: there is one row.';
comment on column ingest.control_session.session is 'Microsecond it began at, made strictly increasing.';

create function ingest.add_document(id text, content jsonb, content_hash text, by text, of_file boolean) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare version bigint;
begin
  perform set_config('synchronous_commit', 'on', true);
  perform pg_advisory_xact_lock(hashtextextended('crosstide document ' || id, 0));
  select coalesce(max(d.epoch), 0) + 1 into version from ingest.documents d where d.document_id = id;
  insert into ingest.documents (document_id, epoch, hash, body, author, from_file)
  values (id, version, content_hash, content, by, of_file);
  insert into ingest.outbox (document_id, epoch) values (id, version);
  return version;
end $$;
comment on function ingest.add_document is 'Adds the next version of a document and puts it into the outbox; answers its epoch.';

create function ingest.next_control_session() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare allotted bigint;
begin
  perform set_config('synchronous_commit', 'on', true);
  update ingest.control_session
     set session = greatest(session + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
  returning session into allotted;
  return allotted;
end $$;
comment on function ingest.next_control_session is 'Allots a publisher its session, above all earlier ones.';

revoke execute on function ingest.add_document, ingest.next_control_session from public;
grant execute on function ingest.add_document, ingest.next_control_session to ingest_rw;
grant select on ingest.documents, ingest.outbox to ingest_rw;
grant update (published_at) on ingest.outbox to ingest_rw;
`)
    .execute(db)
}
