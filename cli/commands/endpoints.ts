// `outbox endpoints`: receivers of webhooks. The first one is made without the functions.
import type { Command } from 'commander'
import type { NewEndpointOptions } from '../create-endpoint.ts'
import { contextOf } from '../globals.ts'

export function addEndpoints(program: Command): void {
  const endpoints = program.command('endpoints').description('receivers of webhooks')
  endpoints
    .command('create')
    .description('register a receiver; prints the secret that it verifies webhooks with')
    .requiredOption('--url <url>', 'where webhooks are posted to')
    .option('--types <type...>', 'which events it gets, such as order.shipped or order.* (default: all)')
    .option('--tenant <tenant>', "only this tenant's events")
    .option('--description <text>', 'for people')
    .addHelpText(
      'after',
      '\nIt needs OUTBOX_MASTER_KEYS, because the secret is sealed with it. http:// needs OUTBOX_ALLOW_HTTP=true, and' +
        '\naddresses that are not public OUTBOX_ALLOW_PRIVATE_NETWORKS, for the listener too.' +
        '\n\nExample:\n  outbox endpoints create --url https://example.com/webhooks --types order.*',
    )
    .action(async (options: NewEndpointOptions, command: Command) => {
      const context = contextOf(command)
      // Loaded when it is needed: validation by zod would make every command start later.
      const { createInDatabase } = await import('../create-endpoint.ts')
      const { id, ...key } = await createInDatabase(context, options)
      context.out.result({ id, ...key }, [id, ...Object.values(key)])
      context.out.note('The second line is what the receiver verifies webhooks with. It is shown only once.')
    })
}
