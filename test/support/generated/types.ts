// Column types with values: Postgres's own, those of extensions in another schema, and those that a schema makes itself.
import type { Random } from '../../../dev/random.ts'
import { literal, quote } from './names.ts'

export interface Kind {
  /** As a column is declared. A type of the schema's own may have another name later. */
  readonly sql: string | ((types: OwnTypes) => string)
  /** In a form that every session reads alike. */
  readonly values: readonly string[]
  /** It may be part of a primary key. */
  readonly keyable: boolean
  /** In a key of several columns its values are written as they are (drizzle/functions/default_key.sql). */
  readonly plainInKey?: boolean
}

/** Types that a generated schema makes, with the names they have now. */
export interface OwnTypes {
  schema: string
  readonly names: Record<OwnType, string>
}
export const ownTypes = ['mood', 'code', 'tight', 'positive', 'pair', 'span', 'codes'] as const
export type OwnType = (typeof ownTypes)[number]

const own =
  (type: OwnType, suffix = '') =>
  (types: OwnTypes) =>
    `${quote(types.schema)}.${quote(types.names[type])}${suffix}`

const key = (sql: Kind['sql'], values: readonly string[], plainInKey = false): Kind => ({
  sql,
  values,
  keyable: true,
  plainInKey,
})
const noKey = (sql: Kind['sql'], values: readonly string[]): Kind => ({ sql, values, keyable: false })
const words = ['', 'a', 'b/c', '%2F', "it's", 'back\\slash', '"', 'é\u2028', 'x'.repeat(1_500), 'NULL', '{}']

export const kinds: Readonly<Record<string, Kind>> = {
  int4: key('int4', ['1', '-7', '2147483647'], true),
  int8: key('int8', ['1', '9007199254740993', '-1'], true),
  numeric: key('numeric', ['1', '1.0', '1.00', 'NaN', '12345678901234567890.5'], true),
  money2: key('numeric(8,2)', ['1', '2.5', '0'], true),
  float8: key('float8', ['0.1', '-0', 'Infinity', '1e300', '0.30000000000000004'], true),
  bool: key('bool', ['true', 'false'], true),
  text: key('text', words),
  varchar: key('varchar(40)', ['a', 'b', 'a/b%']),
  char: noKey('char(6)', ['ab', 'c']),
  uuid: key('uuid', ['0b6e5a3c-7d1f-4c55-9f3e-2f1d8a9b7c60', '00000000-0000-0000-0000-000000000000']),
  date: key('date', ['2026-10-01', 'infinity', '0044-03-15 BC'], true),
  timestamptz: key(
    'timestamptz',
    ['2026-10-01 12:00:00+02', '-infinity', '2026-01-01 00:00:00.123456+00'],
    true,
  ),
  timestamp: noKey('timestamp', ['2026-10-01 12:00:00', 'infinity']),
  interval: noKey('interval', ['P1DT2H', 'PT26H', 'P1M']),
  bytea: key('bytea', ['\\x00ff', '\\x', '\\x27']),
  json: noKey('json', ['{"a": 1.0, "a": "\\u0000\\ud800"}', 'null', '[1,  2]']),
  jsonb: noKey('jsonb', ['{"a": 1.0}', 'null', '[]']),
  xml: noKey('xml', ['<a/>', '<b>x</b>']),
  point: noKey('point', ['(1,2)', '(0,-1)']),
  inet: key('inet', ['10.0.0.1', '10.0.0.0/8', '::1']),
  bits: noKey('bit varying', ['101', '']),
  ints: key('int[]', ['{1,2}', '{{1,NULL},{3,4}}', '{}', '[2:3]={1,2}']),
  texts: noKey('text[]', ['{a,"b,c",NULL}', '{}']),
  range: key('int4range', ['[1,5)', 'empty', '(,3)']),
  times: noKey('tstzrange', ['["2026-10-01 12:00:00+02",)', 'empty']),
  words: noKey('tsvector', ["'a' 'b'", '']),
  citext: key('ext.citext', ['Ann', 'ann', 'b/c']),
  hstore: noKey('ext.hstore', ['a=>1,b=>NULL', '']),
  ltree: key('ext.ltree', ['a.b', 'a']),
  cube: noKey('ext.cube', ['(1,2)', '(0)']),
  mood: key(own('mood'), ['sad', 'glad']),
  moods: noKey(own('mood', '[]'), ['{sad,glad}', '{}']),
  code: key(own('code'), ['AB', 'C']),
  tight: key(own('tight'), ['XY', 'Z']),
  positive: key(own('positive'), ['1', '77'], true),
  pair: key(own('pair'), ['(1,a,glad)', '(,"b,c",sad)']),
  pairs: noKey(own('pair', '[]'), ['{"(1,a,glad)"}', '{}']),
  span: key(own('span'), ['[0.1,0.2)', 'empty']),
  codes: noKey(own('codes'), ['{A,B}', '{}']),
}
export type KindName = keyof typeof kinds

export const typeSql = (kind: Kind, types: OwnTypes) =>
  typeof kind.sql === 'string' ? kind.sql : kind.sql(types)

/** null now and then, if it may be. */
export const anyValue = (random: Random, kind: Kind, nullable: boolean): string =>
  literal(nullable && random.chance(0.15) ? null : random.pick(kind.values, 1)[0]!)

export function createOwnTypes(types: OwnTypes): string {
  const name = (type: OwnType) => own(type)(types)
  return `
    create type ${name('mood')} as enum ('sad', 'glad');
    create domain ${name('code')} as text check (value ~ '^[A-Z]*$');
    create domain ${name('tight')} as ${name('code')} check (length(value) < 4);
    create domain ${name('positive')} as int check (value > 0);
    create type ${name('pair')} as (a int, b text, m ${name('mood')});
    create type ${name('span')} as range (subtype = float8);
    create domain ${name('codes')} as text[] check (cardinality(value) < 9);`
}
