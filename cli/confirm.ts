// Before something is done that cannot be undone, or to many: asks, and without anybody to ask wants --yes.
import { CommandError, exitCodes } from './exit.ts'
import type { Context } from './globals.ts'

interface Question {
  /** A sentence: what will happen. */
  readonly what: string
  readonly yes?: boolean | undefined
  /** It concerns many: in production the profile's name must be typed. */
  readonly isBulk?: boolean
}

export async function confirm(context: Context, { what, yes, isBulk = false }: Question): Promise<void> {
  const target = context.target()
  const profile = target.kind === 'server' && target.isProduction ? target.profile : null
  if (yes && !(profile !== null && isBulk && context.canAsk)) return
  if (!context.canAsk) throw new CommandError(exitCodes.refused, `${what} Nothing was done: use --yes.`)
  const { confirm: ask, text, isCancel } = await import('@clack/prompts')
  const answer =
    profile !== null && isBulk
      ? await text({
          output: process.stderr,
          message: context.out.style('red', `${what} This is production: type ${profile} to go on.`),
        }).then(typed => (isCancel(typed) ? typed : typed === profile))
      : await ask({ output: process.stderr, message: `${what} Go on?`, initialValue: false })
  if (isCancel(answer)) throw new CommandError(exitCodes.interrupted, 'Nothing was done.')
  if (!answer) throw new CommandError(exitCodes.refused, 'Nothing was done.')
}
