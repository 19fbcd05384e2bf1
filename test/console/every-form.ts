// The forms of the console: how each is refused, and which of them are answered with a secret.
import type { Page } from 'playwright-core'
import type { Scene } from './console.ts'

export type Field = readonly [label: string, value: string]

export interface Form {
  readonly name: string
  readonly path: string
  readonly fields: readonly Field[]
  readonly button: RegExp
}

/** Each form, filled in so that it is refused. */
export const refused = (s: Scene): (Form & { readonly says: string })[] => [
  {
    name: 'new-endpoint',
    path: '/console/endpoints/new',
    fields: [
      ['URL', 'nowhere'],
      ['Waits between attempts, in seconds', 'soon'],
      ['Headers sent along', 'none'],
    ],
    button: /^Create/,
    says: 'Nothing was saved.',
  },
  {
    name: 'edit',
    path: `/console/endpoints/${s.well}/edit`,
    fields: [['At most, per second', 'many']],
    button: /^Save/,
    says: 'Nothing was saved.',
  },
  {
    name: 'rotate',
    path: `/console/endpoints/${s.well}/rotate`,
    fields: [['Secret to go on with', 'none']],
    button: /^Rotate/,
    says: 'That was not done',
  },
  {
    name: 'delete',
    path: `/console/endpoints/${s.well}/delete`,
    fields: [['Type example.com to confirm', 'yes']],
    button: /^Delete/,
    says: 'nothing was deleted',
  },
  {
    name: 'replay',
    path: `/console/endpoints/${s.failing}/replay`,
    fields: [['Since (UTC)', 'yesterday']],
    button: /^Preview/,
    says: 'Nothing was sent.',
  },
  {
    name: 'redeliver',
    path: '/console/deliveries/redeliver?state=dead',
    fields: [['At most, per second and endpoint', 'many']],
    button: /^Preview/,
    says: 'Nothing was sent.',
  },
  {
    name: 'send-again',
    path: `/console/events/${s.event}/send`,
    fields: [],
    button: /^Preview/,
    says: 'Choose one of these.',
  },
  {
    name: 'new-event',
    path: '/console/events/new',
    fields: [
      ['Type', 'with spaces'],
      ['Data, as JSON', '{'],
    ],
    button: /^Write/,
    says: 'is not JSON',
  },
  {
    name: 'new-key',
    path: '/console/keys',
    fields: [
      ['Name', 'ci'],
      ['Ends (UTC)', 'one day'],
    ],
    button: /^Give out/,
    says: 'is no time such as',
  },
]

/** Each form whose answer is shown once. */
export const secretsOf = (s: Scene): Form[] => [
  {
    name: 'endpoint',
    path: '/console/endpoints/new',
    fields: [['URL', 'https://example.com/shown-once']],
    button: /^Create/,
  },
  { name: 'rotated', path: `/console/endpoints/${s.paused}/rotate`, fields: [], button: /^Rotate/ },
  { name: 'key', path: '/console/keys', fields: [['Name', 'shown-once']], button: /^Give out/ },
]

/** Past what the browser itself would refuse. */
export async function submit(
  page: Page,
  path: string,
  fields: readonly Field[],
  button: RegExp | string,
): Promise<void> {
  await page.goto(path)
  await page.evaluate(`for (const form of document.querySelectorAll('main form')) form.noValidate = true
    for (const details of document.querySelectorAll('main form details')) details.open = true`)
  for (const [label, value] of fields) await page.getByLabel(label, { exact: true }).fill(value)
  await page.locator('main').getByRole('button', { name: button }).click()
}
