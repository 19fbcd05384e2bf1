// A receiver that behaves as badly as its path says: `startReceiver(hostile)`, then send to `${url}/hang`.
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Respond } from './receiver.ts'

let bomb: Buffer | undefined

export const hostile: Respond = (received, response, request) => {
  const url = new URL(received.path, 'http://receiver')
  const [, behaviour = '', argument = ''] = url.pathname.split('/').map(decodeURIComponent)
  const { socket } = request
  const end = (status: number, headers = {}, body: string | Buffer = '') =>
    void response.writeHead(status, headers).end(body)

  switch (behaviour) {
    // --- well-formed answers that are not a success
    case 'status': // /status/503
      return end(Number(argument))
    case 'raw-status': // /raw-status/099: even one that no HTTP library would write
      return void socket.end(`HTTP/1.1 ${argument} Odd\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    case 'retry-after': // /retry-after/120, ?status=503
      return end(Number(url.searchParams.get('status') ?? 429), { 'retry-after': argument })
    case 'fail-first': // /fail-first/2: the first two requests of each webhook-id fail
      return end(received.nth <= Number(argument) ? 500 : 200)
    case 'redirect': // /redirect/307?to=http://…
      return end(Number(argument), { location: url.searchParams.get('to') ?? '/' })
    case 'binary':
      return end(500, {}, Buffer.from([0x61, 0, 0xff, 0xfe, 0x62]))
    case 'markup':
      return end(500, { 'content-type': 'text/html' }, '<img src=x onerror=alert(1)>"}\n{"level":"fake"')

    // --- slow or missing answers
    case 'hang':
      return
    case 'slow': // /slow/200: milliseconds until the status line
      return void setTimeout(() => end(200), Number(argument))
    case 'drip-headers':
      socket.write('HTTP/1.1 200 OK\r\n')
      return drip(socket, n => `x-${n}: y\r\n`)
    case 'drip-body':
      response.writeHead(200).flushHeaders()
      return drip(socket, () => '1\r\nx\r\n')

    // --- too large answers
    case 'flood': // an endless body
      return flood(socket)
    case 'gzip-bomb': // 200 MiB once unpacked
      bomb ??= Buffer.concat(Array(200).fill(gzipSync(Buffer.alloc(1 << 20)))) // members, RFC 1952, section 2.2
      return end(200, { 'content-encoding': 'gzip' }, bomb)
    case 'huge-header': // /huge-header/100000: bytes
      return end(200, { 'x-big': 'A'.repeat(Number(argument)) })
    case 'many-headers': // /many-headers/3000
      return end(200, Object.fromEntries(Array.from({ length: Number(argument) }, (_, i) => [`x-${i}`, 'y'])))
    case 'early-hints': // 1,000 informational answers before the real one
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000))
      return end(200)

    // --- broken on the wire
    case 'reset':
      return void socket.resetAndDestroy()
    case 'reset-in-body': // a status line and three of ten bytes, then a reset
      response.writeHead(200, { 'content-length': 10 }).write('abc', () => socket.resetAndDestroy())
      return
    case 'two-lengths':
      return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok')
    case 'garbage':
      return void socket.end('\x00\x01\x02 not http\r\n\r\n')
    default:
      return end(200, {}, 'ok')
  }
}

/** Writes something every 100 ms for ever, so that no idle timeout fires. */
function drip(socket: Socket, next: (n: number) => string) {
  let n = 0
  const timer = setInterval(() => socket.write(next(n++)), 100)
  socket.once('close', () => clearInterval(timer))
}

function flood(socket: Socket) {
  const chunk = Buffer.alloc(1 << 16, 'A')
  const pour = () => {
    while (socket.writable && socket.write(chunk));
    if (socket.writable) socket.once('drain', pour)
  }
  socket.on('error', () => {}) // the sender has closed the connection
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n')
  pour()
}
