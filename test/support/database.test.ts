// The test helpers themselves: separate databases, and `eventually`.
import { expect, test } from 'vitest'
import { freshDatabase } from './database.ts'
import { eventually } from './eventually.ts'

test('two fresh databases share no data', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()])
  const [here, there] = [await one.connect(), await other.connect()]
  await here.query(`select outbox.emit('a.b', '{}')`)
  expect((await here.query('select from outbox.events')).rowCount).toBe(1)
  expect((await there.query('select from outbox.events')).rowCount).toBe(0)
})

test('eventually returns the first answer that is not "not yet"', async () => {
  const answers = [null, false, 0, '', 'there']
  expect(await eventually(() => answers.shift())).toBe('there')
})

test('eventually waits for an assertion to hold', async () => {
  let tries = 0
  await eventually(() => expect(++tries).toBe(3))
  expect(tries).toBe(3)
})

test('eventually gives up with the last error or answer', async () => {
  await expect(eventually(() => expect(1).toBe(2), { timeoutMs: 10 })).rejects.toThrow(
    /not so after 10 ms.*1 to be 2/,
  )
  await expect(eventually(() => null, { timeoutMs: 10 })).rejects.toThrow('the last answer was null')
})
