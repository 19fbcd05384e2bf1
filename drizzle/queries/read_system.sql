-- Which database this is, which one has sent so far, and who is held.
--
-- Returns one row.
-- -> held_reason              text?    copy, older or unknown; null = nobody is held
-- -> facts                    text     JSON: what tells this database from its copies
-- -> bound_facts              text?    JSON: of the one that has sent; null = none has
-- -> addresses                text[]?  under which senders reach it
-- -> bound_by                 text?
-- -> bound_at                 text?
-- -> adopted_as               text?    replacement or new
-- -> adopted_at               text?
-- -> held_senders[].address   text
-- -> held_senders[].sender    text
-- -> held_senders[].since     text
-- -> held_senders[].seen_at   text
select
  outbox.held_reason() as held_reason,
  outbox.database_facts()::text as facts,
  i.facts::text as bound_facts,
  i.addresses, i.bound_by, outbox.at(i.bound_at) as bound_at, i.adopted_as, outbox.at(i.adopted_at) as adopted_at,
  (
    select coalesce(json_agg(json_build_object('address', address, 'sender', sender, 'since', outbox.at(since), 'seen_at', outbox.at(seen_at))
                             order by since), '[]')
    from outbox.held_senders
    where seen_at > clock_timestamp() - interval '3 minutes'
  )::text as held_senders
from (values (1)) as one
left join outbox.identity i on true
