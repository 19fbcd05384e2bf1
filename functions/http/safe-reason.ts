// What of an error may stand in the log, and where an operator reads it.
import { SettingsError } from '../../delivery/settings.ts'
import { DatabaseError } from '../db.ts'

/** Other messages than these may repeat what is secret. */
export function safeReason(error: unknown): string {
  if (error instanceof DatabaseError || error instanceof SettingsError) return error.message
  return error instanceof Error ? error.name : 'something unexpected was thrown'
}
