// The receivers of the tests: they record requests exactly, and the hostile one behaves as its path says.
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { hostile } from './hostile.ts'
import { startReceiver } from './receiver.ts'

test('the test receiver records the exact bytes, and counts repeats of a webhook-id', async () => {
  const receiver = await startReceiver(({ nth }) => (nth === 1 ? 503 : 204))
  const body = Buffer.from([0xef, 0xbb, 0xbf, 0x00, 0xff])
  const send = () =>
    fetch(`${receiver.url}/here?x=1`, { method: 'POST', body, headers: { 'webhook-id': 'evt_1' } })
  expect([(await send()).status, (await send()).status]).toEqual([503, 204])
  const [first, second] = await receiver.waitFor(2)
  expect(first).toMatchObject({ method: 'POST', path: '/here?x=1', nth: 1 })
  expect(first?.body.equals(body)).toBe(true)
  expect(second?.nth).toBe(2)
})

test('the test receiver fails a wait for a request that never comes', async () => {
  const receiver = await startReceiver()
  await expect(receiver.waitFor(1, { timeoutMs: 20 })).rejects.toThrow('not so after 20 ms')
})

/** Returns the bytes that a raw client gets, until the connection ends or `enough` have come. */
async function converse(url: string, path: string, enough = Number.POSITIVE_INFINITY): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let seen = ''
  socket.setEncoding('latin1').on('data', text => {
    seen += text
    if (seen.length >= enough) socket.destroy()
  })
  socket.on('error', error => {
    seen += `[${(error as NodeJS.ErrnoException).code}]`
  })
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`)
  await new Promise(resolve => socket.once('close', resolve))
  return seen
}

test.each([
  ['/status/418', /^HTTP\/1.1 418 /],
  ['/raw-status/099', /^HTTP\/1.1 099 /],
  ['/retry-after/Fri%2C%2031%20Dec%209999%2023%3A59%3A59%20GMT', /429.*retry-after: Fri, 31 Dec 9999/s],
  ['/fail-first/1', / 500 /],
  ['/redirect/307?to=http://169.254.169.254/', / 307 .*location: http:\/\/169.254/s],
  ['/binary', 'a\x00\xff\xfeb'],
  ['/slow/1', / 200 /],
  ['/huge-header/100000', /x-big: A{100000}/],
  ['/many-headers/3000', /x-2999: y/],
  ['/early-hints', /(103 Early Hints\s+HTTP\/1.1 ){1000}200 OK/],
  ['/reset', /^\[ECONNRESET\]$/],
  ['/reset-in-body', /200 OK.*abc.*\[ECONNRESET\]$/s],
  ['/two-lengths', /Length: 2\r\nContent-Length: 3/],
  ['/garbage', '\x00\x01\x02 not http'],
  ['/anything-else', /200 OK.*ok/s],
])('the hostile receiver answers %s as its name says', async (path, expected) => {
  const { url } = await startReceiver(hostile)
  expect(await converse(url, path)).toMatch(expected)
})

test.each([
  ['/flood', 5_000_000],
  ['/gzip-bomb', 100_000],
  ['/drip-headers', 40],
  ['/drip-body', 140],
])('the hostile receiver answers %s without end', async (path, enough) => {
  const { url } = await startReceiver(hostile)
  expect((await converse(url, path, enough)).length).toBeGreaterThanOrEqual(enough)
})
