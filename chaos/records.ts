// What a chaos run records and what its checker reads: four independent accounts of one run.
// Times are Unix milliseconds of this machine.

/** The writers' account: the outcome of each change as the writer saw it. */
export interface Write {
  /** Identifies one change for good: it is in the event's data, or it is the order's key. */
  token: string
  /** unknown: the connection broke before the answer to the commit came. */
  outcome: 'committed' | 'rolled back' | 'unknown'
  at: number
  /** True when nothing was wrong at the time: the event must arrive within promptMs. */
  promptly: boolean
}

/** The receivers' account: one request, recorded before it is answered. */
export interface ReceivedRequest {
  endpoint: string
  webhookId: string
  /** `outbox-attempt`. */
  attempt: number
  token: string
  key: string | null
  version: number
  /** Hash of the exact bytes. */
  body: string
  /** What an independent verifier found wrong with it. */
  verificationErrors: string[]
  /** `webhook-timestamp`: the time of signing by the sender's clock. */
  signedAt: number
  came: number
  answered: number
  /** Positions of both moments in the order in which the receivers' process saw them. */
  cameAs: number
  answeredAs: number
  /** A status; reset: no answer, on purpose; unheard: the sender had hung up. */
  answer: number | 'reset' | 'unheard'
}

/** The injector's account: what was done to the system. */
export interface Fault {
  kind: string
  target: string
  from: number
  until: number
  /**
   * When a request in flight may have to be repeated because of this fault. Empty for an edited endpoint or a cut LISTEN:
   * neither is an excuse.
   */
  disruptions: Disruption[]
  /** The clock of one listener that was wrong during the fault. */
  skew?: Skew
}

export interface Skew {
  listener: string
  from: number
  until: number
  ms: number
}

export interface Disruption {
  from: number
  until: number
  /** Only requests of this listener are affected; undefined = all requests. */
  listener?: string
}

/** A replay asked for through the API. */
export interface Replay {
  endpoint: string
  asked: number
  finished: number
}

/** The database's account, read at the end. */
export interface DatabaseRecord {
  /** Changes in the shop's own tables: whether they were committed does not depend on the outbox. */
  facts: string[]
  events: { webhookId: string; token: string; type: string }[]
  deliveries: { endpoint: string; webhookId: string; state: string }[]
  attempts: {
    endpoint: string
    webhookId: string
    number: number
    sender: string
    error: string | null
    status: number | null
  }[]
  /** The number of events without a fan-out. */
  waiting: number
}

export interface Endpoint {
  name: string
  /** Prefixes of the event types it subscribes to. */
  types: string[]
  ordered: boolean
}

export interface Records {
  endpoints: Endpoint[]
  writes: Write[]
  requests: ReceivedRequest[]
  faults: Fault[]
  replays: Replay[]
  /** The listener that made each attempt, by attemptId, from the listeners' logs. A killed listener may not have logged its last attempts. */
  senders: Map<string, string>
  database: DatabaseRecord
  /** What Postgres said of each of its processes that crashed by itself. */
  crashes: string[]
}

export const attemptId = (endpoint: string, webhookId: string, attempt: number) =>
  `${endpoint} ${webhookId} ${attempt}`

export const succeeded = ({ answer }: ReceivedRequest) =>
  typeof answer === 'number' && answer >= 200 && answer < 300
