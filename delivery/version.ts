// The version that receivers see. A test compares it with package.json.
export const version = '0.1.0'
export const userAgent = `Outbox/${version}`
