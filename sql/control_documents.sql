create view public.control_documents as
select d.document_id,
       d.epoch,
       o.published_at is not null
         and not exists (select from ingest.outbox n
                          where n.document_id = d.document_id and n.epoch > d.epoch and n.published_at is not null) as in_force,
       d.hash,
       d.author,
       d.created_at,
       o.published_at,
       d.body
  from ingest.documents d
  join ingest.outbox o using (document_id, epoch);

comment on view public.control_documents is 'Every version of the documents that govern the processors, with the one in force: select body from control_documents where document_id = ''arbitrage'' and in_force.';
comment on column public.control_documents.document_id is 'Which document: arbitrage, rules.';
comment on column public.control_documents.epoch is 'Its version, counted from 1 per document; opportunities name it as costs_epoch.';
comment on column public.control_documents.in_force is 'Whether it is the newest one that stands in every partition of the log.';
comment on column public.control_documents.hash is 'SHA-256 of its canonical JSON: names sorted, no spaces.';
comment on column public.control_documents.author is 'Who put it there: user@host, or bootstrap.';
comment on column public.control_documents.created_at is 'When it was put there.';
comment on column public.control_documents.published_at is 'When it stood in every partition; null: it does not yet.';
comment on column public.control_documents.body is 'The document.';
