// What one check of `outbox doctor` found.

export interface Finding {
  readonly check: string
  readonly result: 'ok' | 'warn' | 'fail'
  /** What was found and, unless it is fine, what to do. */
  readonly message: string
}

/** Returns what was found. What it throws is a finding too. */
export type Check<Subject> = (subject: Subject) => Promise<Omit<Finding, 'check'>>

export const ok = (message: string) => ({ result: 'ok', message }) as const
export const warn = (message: string) => ({ result: 'warn', message }) as const
export const fail = (message: string) => ({ result: 'fail', message }) as const
