// The peers' types, as far as they are used here. The peers are installed only for a run; `npm run check` works without them.

declare module 'pg-boss' {
  interface JobResult {
    id: string
    status: 'completed' | 'failed'
  }
  interface Options {
    connectionString?: string
    max?: number
    useListenNotify?: boolean
    supervise?: boolean
    schedule?: boolean
    db?: { executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> }
  }
  interface WorkOptions {
    batchSize: number
    localConcurrency: number
    burstWhenBatchFull: boolean
    perJobResults: true
  }
  export class PgBoss {
    constructor(options: Options)
    start(): Promise<this>
    stop(options?: { graceful: boolean }): Promise<void>
    on(event: 'error', listener: (error: Error) => void): this
    createQueue(name: string, options: { notify: boolean; partition: boolean }): Promise<void>
    send(name: string, data: object): Promise<string | null>
    insert(name: string, jobs: { data: object }[]): Promise<unknown>
    work<Data>(
      name: string,
      options: WorkOptions,
      handler: (jobs: { id: string; data: Data }[]) => Promise<JobResult[]>,
    ): Promise<string>
  }
}

declare module 'graphile-worker' {
  export class Logger {
    constructor(factory: () => (level: string, message: string) => void)
  }
  interface WorkerOptions {
    connectionString: string
    concurrentJobs: number
    maxPoolSize: number
    logger: Logger
    localQueue?: { size: number }
    completeJobBatchDelay?: number
    failJobBatchDelay?: number
  }
  export function runMigrations(options: { connectionString: string; logger: Logger }): Promise<void>
  export function run(options: {
    preset: { worker: WorkerOptions }
    taskList: Record<string, (payload: unknown, helpers: { job: { id: string } }) => Promise<void>>
    parsedCronItems: []
  }): Promise<{ promise: Promise<void>; stop(): Promise<void> }>
}
