// Prisma's schema engine as WebAssembly over a driver adapter. It comes with the npm package of Prisma 6; the one for Linux
// would be downloaded from Prisma's server. What the adapter for pg still lacks for migrations is added here.
import { PrismaPg } from '@prisma/adapter-pg'

const { hostname: host, port, username: user, pathname } = new URL(process.env.DATABASE_URL)
/** Prisma does not close what it opened, and would stay for the ten seconds that a pool keeps an idle connection. */
const adapterFor = database =>
  new PrismaPg({ host, port: Number(port), user, database, allowExitOnIdle: true })

export const factory = adapterFor(pathname.slice(1))

/** Prisma's own drops the database while it is still connected to it. */
factory.connectToShadowDb = async () => {
  const name = `shadow_${crypto.randomUUID()}`
  const admin = await factory.connect()
  await admin.executeScript(`create database "${name}"`)
  const shadow = await adapterFor(name).connect()
  const disconnect = shadow.dispose.bind(shadow)
  shadow.dispose = async () => {
    await disconnect()
    await admin.executeScript(`drop database "${name}"`)
    await admin.dispose()
  }
  return shadow
}

const CHAR = 18
const NAME = 19
const TEXT = 25
const characterColumn = 6 // of ColumnTypeEnum in @prisma/driver-adapter-utils

/** The catalogue has columns of the types "char" and name, which the adapter does not know. */
const connection = await factory.connect()
const adapter = Object.getPrototypeOf(connection)
const queryable = Object.getPrototypeOf(adapter)
await connection.dispose()

const { performIO, queryRaw } = queryable
queryable.performIO = async function (query) {
  const result = await performIO.call(this, query)
  if (Array.isArray(result)) return result // of several statements
  result.rows.characters = result.fields.map(({ dataTypeID }) => dataTypeID === CHAR)
  for (const field of result.fields) if ([CHAR, NAME].includes(field.dataTypeID)) field.dataTypeID = TEXT
  return result
}
queryable.queryRaw = async function (query) {
  const result = await queryRaw.call(this, query)
  for (const [i, isCharacter] of result.rows.characters.entries())
    if (isCharacter) result.columnTypes[i] = characterColumn
  return result
}

/** The adapter's own cuts scripts at each semicolon, those in function bodies included. */
adapter.executeScript = async function (script) {
  await this.client.query(script).catch(error => this.onError(error))
}
