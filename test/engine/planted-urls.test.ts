// Endpoints whose URLs were written into the table by hand: each plane records the same reason, and sends nothing.
import { expect, test } from 'vitest'
import { startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { plantedUrls } from '../support/planted-urls.ts'

test.each(['listener', 'cron'])('the %s records the reason of the list for every URL', async sender => {
  const api = await startApi()
  await api.db.query('alter table outbox.endpoints drop constraint endpoints_url')
  for (const [url] of plantedUrls) await addEndpoint(api.db, { url })
  await emit(api.db)
  if (sender === 'listener') await startTestListener(api.database.url)
  const seen = await eventually(async () => {
    if (sender === 'cron') await api.worker.scheduled()
    const { rows } = await api.db.query(
      `select p.url, a.error, a.sender from outbox.attempts a
       join outbox.endpoints p on p.id = a.endpoint_id where a.number = 1 order by p.id`,
    )
    return rows.length === plantedUrls.length && rows
  })
  expect(seen).toEqual(plantedUrls.map(([url, error]) => ({ url, error, sender })))
})
