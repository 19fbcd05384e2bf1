// Cursors: where the next page of a list begins, as text that clients hand back.
import { decodeBase64Url, encodeBase64Url } from '../../delivery/base64.ts'

/** The id of the last row seen, or several numbers when a list is ordered by several. */
export type Position = readonly bigint[]

const checksumBytes = 8

/** base64url of a checksum over list and position, then the position's numbers in 8 bytes each. */
export async function writeCursor(list: string, position: Position): Promise<string> {
  const numbers = new DataView(new ArrayBuffer(position.length * 8))
  position.forEach((number, i) => {
    numbers.setBigInt64(i * 8, number)
  })
  const bytes = new Uint8Array(numbers.buffer)
  return encodeBase64Url(new Uint8Array([...(await checksum(list, bytes)), ...bytes]))
}

/**
 * null for anything that writeCursor did not write for this list. The checksum catches mistakes, not forgery:
 * a forged cursor shows nothing but another page of the same list.
 */
export async function readCursor(list: string, cursor: string): Promise<Position | null> {
  if (!/^[\w-]{22,}$/.test(cursor)) return null
  const decoded = decodeBase64Url(cursor)
  if (decoded === null || decoded.length % 8 !== 0) return null
  const bytes = decoded.subarray(checksumBytes)
  const numbers = new DataView(bytes.buffer, bytes.byteOffset)
  const position = Array.from({ length: bytes.length / 8 }, (_, i) => numbers.getBigInt64(i * 8))
  return (await writeCursor(list, position)) === cursor ? position : null
}

async function checksum(list: string, position: Uint8Array): Promise<Uint8Array> {
  const input = new Uint8Array([...new TextEncoder().encode(list), 0, ...position])
  return new Uint8Array(await crypto.subtle.digest('SHA-256', input)).subarray(0, checksumBytes)
}
