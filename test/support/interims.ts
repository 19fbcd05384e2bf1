// Interim responses as receivers, and the servers in front of them, send them; and a way to cut them into packets.
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** Each is sent before one final response. */
export const interims: Record<string, string[]> = {
  'a 100': ['HTTP/1.1 100 Continue\r\n\r\n'],
  'a 102': ['HTTP/1.1 102 Processing\r\n\r\n'],
  'a 103 with links': ['HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b>\r\n\r\n'],
  'two times 100': ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n'],
  several: [
    'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\n',
  ],
  'one with a status that does not exist yet': ['HTTP/1.1 199 Whatever\r\n\r\n'],
  'one without a reason phrase': ['HTTP/1.1 100\r\n\r\n'],
  'one with an empty reason phrase': ['HTTP/1.1 103 \r\n\r\n'],
  'one with a length': ['HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n'],
  'one that calls itself chunked': ['HTTP/1.1 103 Early Hints\r\ntransfer-encoding: chunked\r\n\r\n'],
  'one that says close': ['HTTP/1.1 103 Early Hints\r\nconnection: close\r\n\r\n'],
  'one with an upgrade': ['HTTP/1.1 103 Early Hints\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'],
  'one of HTTP/1.0': ['HTTP/1.0 100 Continue\r\n\r\n'],
  'one with bare line feeds': ['HTTP/1.1 100 Continue\nserver: old\n\n'],
  'one after an empty line': ['\r\nHTTP/1.1 100 Continue\r\n\r\n'],
}

/** Each part in a packet of its own, as far as the operating system allows. */
export async function writeInParts(socket: Socket, parts: string[], pauseMs = 3) {
  socket.setNoDelay(true)
  for (const part of parts) {
    socket.write(part, 'latin1')
    await setTimeout(pauseMs)
  }
}
