// The icons: 16 by 16, drawn with the colour of the text. A page carries only those that it uses, once each.

/** The inside of each symbol. */
export const icons = {
  active: '<circle cx="8" cy="8" r="3.5" fill="currentColor" stroke="none"/>',
  breaker:
    '<path d="M1 11.5h3.2M11.8 11.5H15M5.2 10.6l5.3-5.4"/><circle cx="4.6" cy="11.4" r="1.1"/><circle cx="11.4" cy="11.4" r="1.1"/>',
  canceled: '<circle cx="8" cy="8" r="6.25"/><path d="M3.6 12.4 12.4 3.6"/>',
  copy: '<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3.5 10.5h-.25A.75.75 0 0 1 2.5 9.75v-6.5c0-.41.34-.75.75-.75h6.5c.41 0 .75.34.75.75v.25"/>',
  cross: '<path d="m4 4 8 8M12 4l-8 8"/>',
  database:
    '<ellipse cx="8" cy="4" rx="5.25" ry="2.1"/><path d="M2.75 4v8c0 1.16 2.35 2.1 5.25 2.1s5.25-.94 5.25-2.1V4M2.75 8c0 1.16 2.35 2.1 5.25 2.1s5.25-.94 5.25-2.1"/>',
  dead: '<path d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4zM5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2"/>',
  delivered: '<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 1.95 1.95 3.7-4.2"/>',
  disabled: '<rect x="2.5" y="2.5" width="11" height="11" rx="2"/><path d="m5 11 6-6"/>',
  failed: '<path d="M8 2.1 14.4 13.4H1.6zM8 6.4v3.1M8 11.3v.2"/>',
  fanout: '<path d="M1.75 8h4l4-4.75h4M5.75 8h8M5.75 8l4 4.75h4"/>',
  interrupted: '<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.6 2.2"/><path d="M8 4.9v3.6M8 10.7v.2"/>',
  live: '<circle cx="8" cy="8" r="1.75" fill="currentColor" stroke="none"/><path d="M4.6 4.6a4.8 4.8 0 0 0 0 6.8M11.4 4.6a4.8 4.8 0 0 1 0 6.8"/>',
  lock: '<rect x="3" y="7" width="10" height="6.5" rx="1.5"/><path d="M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2"/>',
  next: '<path d="m6 3.5 4.5 4.5L6 12.5"/>',
  outbox: '<path d="M2.25 9.25v3.5h11.5v-3.5M8 10.25V2.5M4.9 5.4 8 2.3l3.1 3.1"/>',
  paused: '<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2.25"/>',
  pending: '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.6V8l2.3 1.5"/>',
  prev: '<path d="M10 3.5 5.5 8l4.5 4.5"/>',
  retry: '<path d="M13.9 8a5.9 5.9 0 1 1-1.75-4.2M12.6 1.4v2.75H9.85"/>',
  search: '<circle cx="7" cy="7" r="4.5"/><path d="m10.4 10.4 3.4 3.4"/>',
  sending: '<circle cx="8" cy="8" r="6.25"/><path d="M4.9 8h5.8M8.4 5.6 10.8 8l-2.4 2.4"/>',
  theme: '<circle cx="8" cy="8" r="5.75"/><path d="M8 2.25a5.75 5.75 0 0 1 0 11.5z" fill="currentColor"/>',
  tick: '<path d="m3 8.6 3.1 3.1L13 4.6"/>',
  up: '<path d="M8 13V3.4M4.2 7 8 3.2 11.8 7"/>',
} as const

export type Icon = keyof typeof icons
