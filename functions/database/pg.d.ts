// What functions/database/postgres.ts uses of pg, for functions/tsconfig.json: pg's own types would declare Node's Buffer
// and process to all the functions.

interface Result {
  readonly rows: unknown[]
  readonly fields: unknown[]
  readonly rowCount: number | null
  readonly command: string
}

export interface PoolClient {
  query(statement: string): Promise<Result>
  on(event: 'error', listener: () => void): unknown
  release(destroy?: boolean): void
}

export declare class Pool {
  constructor(options: {
    connectionString: string
    max: number
    pipeline: boolean
    application_name: string
    connectionTimeoutMillis: number
    allowExitOnIdle: boolean
  })
  connect(): Promise<PoolClient>
  end(): Promise<void>
  on(event: 'error', listener: () => void): this
  on(event: 'connect', listener: (client: PoolClient) => void): this
}

export declare class DatabaseError extends Error {
  readonly code: string | undefined
}

declare const pg: { Pool: typeof Pool; DatabaseError: typeof DatabaseError }
export default pg
