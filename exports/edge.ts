// `outbox/edge`: the dispatcher and the consumer of edge sending, for a Worker that mounts `outbox/app`. For workerd.
export { createEdge, type Edge } from '../functions/edge/edge.ts'
