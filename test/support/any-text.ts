// Text of any code points.
import fc from 'fast-check'

/** Instead of fast-check's `binary` unit, which takes a second to enumerate all 1.1 million code points. */
const codePoint = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff }))
  .map(code => String.fromCodePoint(code))

export const anyText = fc.array(codePoint).map(codePoints => codePoints.join(''))
