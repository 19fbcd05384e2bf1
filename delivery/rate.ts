// An endpoint's rate limit: claim.sql gives out slots, one after the other, to all senders together.

/** Slots lie a little further apart than the rate asks for. Timers fire late at times, and no second may see more requests. */
export const slotSpacing = 1.02

/** A claim gives out the slots of this time ahead. Less would need more claims; more would tie slots to one sender. */
export const slotHorizonSeconds = 0.25
