// What the fault lab writes down and what its checker reads: four independent accounts of one run.
// Times are Unix milliseconds of this machine.

/** The writers' account: what they were told became of each change. */
export interface Write {
  /** Names one change for good: it is in the event's data, or it is the order's key. */
  token: string
  /** unknown: the connection broke while the answer to the commit was awaited. */
  outcome: 'committed' | 'rolled back' | 'unknown'
  at: number
  /** Committed while nothing was wrong: somebody must be told of it at once. */
  promptly: boolean
}

/** The receivers' account: one request, written down before it is answered. */
export interface Request {
  endpoint: string
  webhookId: string
  /** `outbox-attempt`. */
  attempt: number
  token: string
  key: string | null
  version: number
  /** Hash of the exact bytes. */
  body: string
  /** What an outside verifier found wrong with it. */
  faults: string[]
  /** `webhook-timestamp`: when its sender believed to have signed it. */
  signedAt: number
  came: number
  answered: number
  /** Places of both moments in the order in which this process saw them. */
  cameAs: number
  answeredAs: number
  /** What was answered; reset: nothing, on purpose; unheard: the sender had hung up. */
  answer: number | 'reset' | 'unheard'
}

/** The lab's account: what it did to the system. */
export interface Fault {
  kind: string
  target: string
  from: number
  until: number
  /** When a request in flight may have to be repeated because of it. None for an edit or a cut LISTEN: they are no excuse. */
  dangers: Danger[]
  /** Meanwhile a replica's clock was wrong. */
  skew?: Skew
}

export interface Skew {
  replica: string
  from: number
  until: number
  ms: number
}

export interface Danger {
  from: number
  until: number
  /** Only what this one sent is in danger; undefined = everything. */
  replica?: string
}

/** A person asked for past events again. */
export interface Replay {
  endpoint: string
  asked: number
  finished: number
}

/** The database's account, read when all is over. */
export interface Books {
  /** Changes that are in the shop's own tables: whether they were committed does not depend on the outbox. */
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
  /** Events that nobody has fanned out. */
  waiting: number
}

export interface Endpoint {
  name: string
  /** Beginnings of the types it subscribes to. */
  types: string[]
  ordered: boolean
}

export interface Records {
  endpoints: Endpoint[]
  writes: Write[]
  requests: Request[]
  faults: Fault[]
  replays: Replay[]
  /** The replicas' logs: who made which attempt (attemptId); one that was killed may not have come to say so. */
  senders: Map<string, string>
  books: Books
}

export const attemptId = (endpoint: string, webhookId: string, attempt: number) =>
  `${endpoint} ${webhookId} ${attempt}`

export const succeeded = ({ answer }: Request) => typeof answer === 'number' && answer >= 200 && answer < 300
