import { sql, type Kysely } from 'kysely'

/**
 * Rules as documents: their versions, which of them is active, and who changed what. What is active as a whole is the control
 * document 'rules' (migration 0010); both change in one transaction, under the lock of `ingest.add_document`.
 *
 * `document` is json, not jsonb: people read back what they wrote, names in their order.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table public.rules (
  rule_id text collate "C" not null check (rule_id ~ '^[a-z0-9-]{1,64}$'),
  version bigint not null check (version > 0),
  document json not null,
  hash text collate "C" not null,
  author text not null,
  from_file boolean not null,
  state_bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (rule_id, version)
);
comment on table public.rules is 'Every version of every rule. Rows are added, never changed.';
comment on column public.rules.rule_id is 'Which rule.';
comment on column public.rules.version is 'Which version of it, as its document says.';
comment on column public.rules.document is 'The document as it was written.';
comment on column public.rules.hash is 'SHA-256 of its canonical JSON; its ETag.';
comment on column public.rules.author is 'Who wrote it: the name of an API key, user@host, or bootstrap.';
comment on column public.rules.from_file is 'Whether bootstrap took it from a file of rules/.';
comment on column public.rules.state_bytes is 'What its state takes at most in the fullest partition, as it was judged when it was written.';
comment on column public.rules.created_at is 'When.';

create table public.rule_states (
  rule_id text collate "C" primary key,
  active_version bigint,
  previous_version bigint,
  shadow_version bigint,
  deleted boolean not null default false,
  epoch bigint,
  active_epoch bigint,
  changed_at timestamptz not null default now(),
  changed_by text not null,
  foreign key (rule_id, active_version) references public.rules,
  foreign key (rule_id, previous_version) references public.rules,
  foreign key (rule_id, shadow_version) references public.rules
);
comment on table public.rule_states is 'What of each rule is wanted now; the set of all that is active is the control document rules.';
comment on column public.rule_states.rule_id is 'Which rule.';
comment on column public.rule_states.active_version is 'The version that speaks; null: none.';
comment on column public.rule_states.previous_version is 'The version that was active before; a roll-back goes there.';
comment on column public.rule_states.shadow_version is 'The version that is evaluated and recorded beside it, without alerts; null: none.';
comment on column public.rule_states.deleted is 'Whether it was deleted; its versions stay.';
comment on column public.rule_states.epoch is 'Version of the control document rules in which what is active of it last changed; null: it never did.';
comment on column public.rule_states.active_epoch is 'The same for its active version alone.';
comment on column public.rule_states.changed_at is 'When it was last changed.';
comment on column public.rule_states.changed_by is 'By whom.';

create table public.rule_changes (
  change_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  author text not null,
  action text collate "C" not null,
  rule_id text collate "C" not null,
  version bigint,
  before_hash text collate "C",
  after_hash text collate "C",
  active_version bigint,
  shadow_version bigint,
  epoch bigint
);
create index rule_changes_rule on public.rule_changes (rule_id, change_id);
comment on table public.rule_changes is 'Who changed what of the rules, and when. Written with the change; rows are added, never changed.';
comment on column public.rule_changes.change_id is 'Order of the changes.';
comment on column public.rule_changes.at is 'When.';
comment on column public.rule_changes.author is 'Who: the name of an API key, user@host, or bootstrap.';
comment on column public.rule_changes.action is 'create, update, activate, deactivate, rollback, delete.';
comment on column public.rule_changes.rule_id is 'Which rule.';
comment on column public.rule_changes.version is 'The version that it is about, if one.';
comment on column public.rule_changes.before_hash is 'Hash of the newest document before; null: there was none.';
comment on column public.rule_changes.after_hash is 'Hash of the newest document after.';
comment on column public.rule_changes.active_version is 'The active version after it.';
comment on column public.rule_changes.shadow_version is 'The version in the shadow after it.';
comment on column public.rule_changes.epoch is 'Version of the control document rules that it made; null: it changed nothing that is active.';

create index system_events_rules on public.system_events ((details ->> 'ruleId'), instance, time) where details ? 'ruleId';
create index system_events_rule_sets on public.system_events (instance, time)
 where details ->> 'finding' = 'RULES_IN_FORCE';

create table ingest.rule_requests (
  author text not null,
  request_key text not null,
  fingerprint text collate "C" not null,
  rule_id text collate "C" not null,
  version bigint not null,
  created_at timestamptz not null default now(),
  primary key (author, request_key)
);
comment on table ingest.rule_requests is 'Idempotency keys of requests that made a rule, so that a repeat is answered like the first. Kept a day.';
comment on column ingest.rule_requests.author is 'Whose key.';
comment on column ingest.rule_requests.request_key is 'The Idempotency-Key.';
comment on column ingest.rule_requests.fingerprint is 'What was asked for: another request under the same key is refused.';
comment on column ingest.rule_requests.rule_id is 'What it made.';
comment on column ingest.rule_requests.version is 'Which version.';
comment on column ingest.rule_requests.created_at is 'When.';

create function ingest.add_rule_set(content jsonb, content_hash text, by text, of_file boolean, expected bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare found bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('crosstide document rules', 0));
  select coalesce(max(d.epoch), 0) into found from ingest.documents d where d.document_id = 'rules';
  if found <> expected then
    raise exception 'the rules are at epoch %, not %', found, expected using errcode = '40001';
  end if;
  return ingest.add_document('rules', content, content_hash, by, of_file);
end $$;
comment on function ingest.add_rule_set is 'Adds the next version of the control document rules if the newest one is the expected; answers its epoch.';

revoke execute on function ingest.add_rule_set from public;
grant execute on function ingest.add_rule_set to api_rw;
grant usage on schema ingest to api_rw;
grant select, insert on public.rules, public.rule_changes to api_rw;
grant select, insert, update on public.rule_states to api_rw;
grant select, insert, delete on ingest.rule_requests to api_rw;
grant select on public.rules, public.rule_states, public.rule_changes to api_ro, ingest_rw;
`)
    .execute(db)
}
