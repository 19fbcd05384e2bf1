-- Gives back what claims leased whose answers never came because the link broke: nothing of it was sent. If such a claim
-- runs after this statement, its deliveries wait until their lease ends.
--
-- $1 leases  text[]
--
-- Returns one row.
-- -> released  int
with
released as (
  update outbox.deliveries d
  set state = 'pending', attempt = d.attempt - 1, lease = null, leased_until = null
  where d.state = 'sending' and d.lease = any ($1::text[])
  returning 1
)
select count(*)::int as released from released
