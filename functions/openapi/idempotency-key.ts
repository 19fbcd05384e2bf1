// The Idempotency-Key header as a part of the API's description: it is read before the handler, so no schema declares it.

export const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
  description:
    'Repeated with the same key within 24 hours, the request has its effect once and the same answer; a refusal ' +
    'that came of how things stood (404, 409) too. What was wrong with the request itself (400, 413, 415) may be ' +
    'corrected and sent with the same key; 429 and 503 are not remembered. Another request with the key is 422. ' +
    "The key belongs to the API key's name; without an API key, to the address and the very same request.",
} as const
