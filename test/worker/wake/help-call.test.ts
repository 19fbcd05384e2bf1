// How many peers are asked for help, and when.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HelpCall } from '../../../worker/wake/help-call.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function calling(peers = 19) {
  const asked: number[] = []
  return { asked, call: new HelpCall({ peers: () => peers, ask: count => void asked.push(count) }) }
}

test('one peer is asked, and twice as many each time that this was not enough, up to all of them', () => {
  const { asked, call } = calling()
  call.begin(() => true)
  vi.advanceTimersByTime(60_000)
  expect(asked).toEqual([1, 2, 4, 8, 16, 19])
})

test('once help is no longer needed, the next call begins with one peer again', () => {
  const { asked, call } = calling()
  let isNeeded = true
  call.begin(() => isNeeded)
  vi.advanceTimersByTime(150)
  isNeeded = false
  vi.advanceTimersByTime(1_000)
  call.begin(() => isNeeded)
  expect(asked).toEqual([1, 2, 1])
})

test('what is asked for while those who were asked have their time is not forgotten, and brings twice as many', () => {
  const { asked, call } = calling()
  call.begin()
  call.begin()
  call.begin()
  expect(asked).toEqual([1])
  vi.advanceTimersByTime(100)
  expect(asked).toEqual([1, 2])
})

test('where it is wanted without end, all are asked again and again, a tenth of a second apart', () => {
  const { asked, call } = calling(3)
  for (let n = 0; n < 10; n++) {
    call.begin()
    vi.advanceTimersByTime(50)
  }
  expect(asked).toEqual([1, 2, 3, 3, 3, 3])
})

test('what the listener does by itself in a moment brings nobody, and what takes longer does', () => {
  const { asked, call } = calling()
  let isNeeded = true
  call.beginSoon(() => isNeeded)
  call.beginSoon(() => isNeeded)
  isNeeded = false
  vi.advanceTimersByTime(1_000)
  expect(asked).toEqual([])
  isNeeded = true
  call.beginSoon(() => isNeeded)
  vi.advanceTimersByTime(24)
  expect(asked).toEqual([])
  vi.advanceTimersByTime(101)
  expect(asked).toEqual([1, 2])
})
