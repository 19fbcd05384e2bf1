// Stands in for Neon's driver when a request carries an Idempotency-Key: sends every statement through
// outbox.run_idempotent().
import type { NeonQueryFunction } from '@neondatabase/serverless'
import { toHex } from '../../delivery/hex.ts'

/** The part of the driver that drizzle and db.ts use. */
export type Driver = Pick<NeonQueryFunction<false, false>, 'query' | 'transaction'>

/** SQLSTATE of outbox.run_idempotent(): the key belongs to another request. */
export const keyReused = 'OB422'

const once = 'select outbox.run_idempotent($1, $2::text[], $3, $4, $5, $6, $7::text[])'

export class IdempotentStatements {
  readonly scope: string
  /** Hashes of the one key: the first is stored, each is recognized. */
  readonly keys: readonly string[]
  readonly fingerprint: string
  /** How often each name has run: a statement is identified by its name and its turn, which a repeat has in common. */
  readonly #turns = new Map<string, number>()

  constructor(scope: string, keys: readonly string[], fingerprint: string) {
    this.scope = scope
    this.keys = keys
    this.fingerprint = fingerprint
  }

  /** No statement has run: nothing is remembered. */
  get isEmpty(): boolean {
    return this.#turns.size === 0
  }

  /** The driver for statements of this name. */
  through(driver: Driver, name: string): Driver {
    const query = (text: string, parameters: unknown[] = [], options: Options = {}) =>
      new Step(driver, this.#wrap(name, text, parameters), options)
    const transaction = async (steps: Step[]) => {
      const answers = await driver.transaction(steps.map(step => step.unsent()) as never, { arrayMode: true })
      return steps.map((step, i) => step.read(answers[i] as string[][]))
    }
    return { query, transaction } as unknown as Driver
  }

  #wrap(name: string, text: string, parameters: unknown[]): unknown[] {
    const begins = this.isEmpty
    const turn = (this.#turns.get(name) ?? 0) + 1
    this.#turns.set(name, turn)
    const asText = parameters.map(toText)
    return [this.scope, this.keys, this.fingerprint, `${name}/${turn}`, begins, text, asText]
  }
}

interface Options {
  readonly arrayMode?: boolean
  readonly fullResults?: boolean
}

interface Answer {
  readonly columns: string[] | null
  readonly rows: unknown[][]
}

/** A statement that is sent when it is awaited, or with others as a batch: like the driver's own. */
class Step implements PromiseLike<unknown> {
  readonly #driver: Driver
  readonly #parameters: unknown[]
  readonly #options: Options

  constructor(driver: Driver, parameters: unknown[], options: Options) {
    this.#driver = driver
    this.#parameters = parameters
    this.#options = options
  }

  unsent() {
    return this.#driver.query(once, this.#parameters, { arrayMode: true })
  }

  // biome-ignore lint/suspicious/noThenProperty: drizzle awaits what the driver returns
  then<A, B>(
    done?: ((value: unknown) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ) {
    return this.unsent()
      .then(rows => this.read(rows as string[][]))
      .then(done, failed)
  }

  read(rowsOfOnce: string[][]): unknown {
    const { columns, rows } = JSON.parse(rowsOfOnce[0]![0]!) as Answer
    const shaped = this.#options.arrayMode
      ? rows
      : rows.map(row => Object.fromEntries(row.map((value, i) => [columns![i], value])))
    if (!this.#options.fullResults) return shaped
    return { rows: shaped, fields: [], rowCount: rows.length, command: '' }
  }
}

/** As Postgres writes it: PREPARE in outbox.run_idempotent() infers the type. */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return `{${value.map(element => quoted(toText(element))).join()}}`
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${toHex(value)}`
  return String(value)
}

/** An element of an array: quoted, so that text like `NULL` or `a,b` stays what it is. */
const quoted = (element: string | null) =>
  element === null ? 'NULL' : `"${element.replace(/["\\]/g, '\\$&')}"`
