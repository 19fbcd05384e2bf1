// What of an error may stand in the log.
import { SettingsError } from '../../delivery/settings.ts'
import { DatabaseError } from '../db.ts'

/** Other messages than these may repeat what is secret. */
export function safeReason(error: unknown): string {
  const { message, name } = error as Error
  return error instanceof DatabaseError || error instanceof SettingsError ? message : name
}
