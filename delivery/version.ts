// The version that receivers see. A test holds it to package.json.
export const version = '0.1.0'
export const userAgent = `Outbox/${version}`
