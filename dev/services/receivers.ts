// Registers the three demo receivers as endpoints.
import pg from 'pg'
import { Trouble } from '../say.ts'
import { adminKey, type Settings } from '../settings.ts'

interface Receiver {
  readonly path: string
  readonly query?: string
  readonly description: string
  readonly event_types: readonly string[]
  readonly retry_schedule?: readonly number[]
  /** The setting with the secret that it verifies webhooks with. */
  readonly secret?: string
}

const receivers: readonly Receiver[] = [
  {
    path: '/receivers/notifications',
    description: 'Demo: the message a client would be sent',
    event_types: ['order.*'],
    secret: 'NOTIFICATIONS_SECRET',
  },
  {
    path: '/receivers/billing',
    description: 'Demo: charges an order when it ships',
    event_types: ['order.shipped'],
    secret: 'BILLING_SECRET',
  },
  {
    path: '/receivers/flaky',
    query: '?fail=503&times=2',
    description: 'Demo: fails twice, then answers; its URL says how often',
    event_types: ['order.*'],
    retry_schedule: [2, 5, 10, 30],
  },
]

export async function registerReceivers(functionsUrl: string, settings: Settings): Promise<void> {
  const client = new pg.Client({ connectionString: settings.DATABASE_URL_UNPOOLED })
  await client.connect()
  try {
    for (const { path, query = '', secret, ...rest } of receivers) {
      const url = functionsUrl + path
      const { rows } = await client.query(
        `select id, url from outbox.endpoints where deleted_at is null and url ~ ('^http://(127.0.0.1|functions):[0-9]+' || $1 || '($|[?])')`,
        [path],
      )
      if (rows.length === 0)
        await create(functionsUrl, adminKey(settings), {
          ...rest,
          url: url + query,
          ...(secret === undefined ? {} : { secret: settings[secret]! }),
        })
      // The functions have another port than last time. What was changed behind the path stays.
      else if (rows[0].url.split('?')[0] !== url)
        await client.query(
          `update outbox.endpoints set url = $2 || coalesce(substring(url from '[?].*'), '') where id = $1`,
          [rows[0].id, url],
        )
    }
  } finally {
    await client.end()
  }
}

async function create(functionsUrl: string, apiKey: string | undefined, endpoint: object): Promise<void> {
  const answer = await fetch(`${functionsUrl}/v1/endpoints`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(endpoint),
  })
  if (answer.status !== 201)
    throw new Trouble(`A demo receiver could not be registered (${answer.status}): ${await answer.text()}`)
}
