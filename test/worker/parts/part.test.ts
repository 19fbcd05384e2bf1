// Parts are started in order and stopped in reverse, also when one of them does not start.
import { expect, test } from 'vitest'
import { type Part, startAll } from '../../../worker/parts/part.ts'

function recorded() {
  const log: string[] = []
  const part = (name: string, overrides: Partial<Part> = {}): Part => ({
    start: () => void log.push(`start ${name}`),
    stop: () => void log.push(`stop ${name}`),
    ...overrides,
  })
  return { log, part }
}

const fail = (message: string) => async () => {
  throw new Error(message)
}

test('parts start in order and stop in reverse', async () => {
  const { log, part } = recorded()
  const stop = await startAll([part('a'), part('b'), part('c')])
  expect(log).toEqual(['start a', 'start b', 'start c'])
  await stop()
  expect(log.slice(3)).toEqual(['stop c', 'stop b', 'stop a'])
})

test('a part starts only once the part before it has started', async () => {
  const { log, part } = recorded()
  const ready = Promise.withResolvers<void>()
  const starting = startAll([part('a', { start: () => ready.promise }), part('b')])
  await turn()
  expect(log).toEqual([])
  ready.resolve()
  await starting
  expect(log).toEqual(['start b'])
})

test('a part stops only once the part after it has stopped, and the stop waits for all of them', async () => {
  const { log, part } = recorded()
  const drained = Promise.withResolvers<void>()
  const stop = await startAll([part('a'), part('b', { stop: () => drained.promise })])
  let stopped = false
  const stopping = stop().then(() => {
    stopped = true
  })
  await turn()
  expect(log).not.toContain('stop a')
  expect(stopped).toBe(false)
  drained.resolve()
  await stopping
  expect(log).toContain('stop a')
})

test('a failed start stops what had started, in reverse, and throws its own error', async () => {
  const { log, part } = recorded()
  const parts = [part('a'), part('b'), part('c', { start: fail('port taken') }), part('d')]
  await expect(startAll(parts)).rejects.toThrow('port taken')
  expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('a failed start throws its own error even if a part then fails to stop', async () => {
  const { log, part } = recorded()
  const parts = [part('a'), part('b', { stop: fail('stuck') }), part('c', { start: fail('port taken') })]
  await expect(startAll(parts)).rejects.toThrow('port taken')
  expect(log).toEqual(['start a', 'start b', 'stop a'])
})

test('a part that fails to stop does not keep the parts before it running, and the error is thrown at the end', async () => {
  const { log, part } = recorded()
  const stop = await startAll([part('a'), part('b', { stop: fail('stuck') }), part('c')])
  await expect(stop()).rejects.toThrow('stuck')
  expect(log.slice(3)).toEqual(['stop c', 'stop a'])
})

test('a second stop waits for the first and stops nothing twice', async () => {
  const { log, part } = recorded()
  const stop = await startAll([part('a')])
  await Promise.all([stop(), stop()])
  expect(log).toEqual(['start a', 'stop a'])
})

const turn = () => new Promise(resolve => setImmediate(resolve))
