// How a command ends. Scripts tell the reasons apart by the exit code, people by the sentence.

import type { SettingsError } from '../delivery/settings.ts'

export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  /** It needs --yes, or something stands against it. */
  refused: 5,
  unreachable: 6,
  /** What was asked for is not so: `doctor` found a failure. */
  isFalse: 7,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What is wrong with a setting. That a process does not start for it is not said of a command. */
export const settingProblem = ({ message }: SettingsError): string => message.replace(/ Not starting\.$/, '')

/** The message is all that is shown of it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode
  /** The API's own answer (RFC 9457), which --json shows in full. */
  readonly problem: object | null
  constructor(exitCode: ExitCode, message: string, problem: object | null = null) {
    super(message)
    this.exitCode = exitCode
    this.problem = problem
  }
}

export const usageError = (message: string) => new CommandError(exitCodes.usage, message)
