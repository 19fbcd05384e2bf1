// An append-only journal: one JSON line for each entry, handed to the operating system before anything else happens.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export class Journal<Entry extends object> {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Follows a journal that another process writes. */
export class JournalReader<Entry> {
  readonly #file: number
  readonly #buffer = Buffer.alloc(1 << 20)
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(path: string) {
    this.#file = openSync(path, 'a+')
  }

  /** The entries appended since the last call. */
  readNew(): Entry[] {
    for (let bytes = this.#chunk(); bytes > 0; bytes = this.#chunk()) {
      this.#rest += this.#decoder.write(this.#buffer.subarray(0, bytes))
    }
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop()!
    return lines.map(line => JSON.parse(line) as Entry)
  }

  close(): void {
    closeSync(this.#file)
  }

  #chunk(): number {
    return readSync(this.#file, this.#buffer, 0, this.#buffer.length, null)
  }
}

export function readJournal<Entry>(path: string): Entry[] {
  const reader = new JournalReader<Entry>(path)
  const entries = reader.readNew()
  reader.close()
  return entries
}
