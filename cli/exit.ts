// How a command ends. Scripts tell the reasons apart by the exit code, people by the sentence.

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

/** The message is all that is shown of it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode
  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
