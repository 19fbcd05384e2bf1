// Loaded before the example for Neon: stands for Neon's WebSocket proxy, which carries what a connection to Postgres carries.
import { once } from 'node:events'
import { connect } from 'node:net'
import { neonConfig } from '@neondatabase/serverless'
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
await once(server, 'listening')
server._server.unref() // the example ends by itself

server.on('connection', (client, { url }) => {
  const { searchParams } = new URL(url, 'ws://proxy')
  const [host, port] = searchParams.get('address').split(':')
  const postgres = connect(port, host)
  client.on('message', bytes => postgres.write(bytes))
  client.on('close', () => postgres.destroy())
  postgres.on('data', bytes => client.send(bytes))
  postgres.on('close', () => client.close())
})

// Neon's own proxy speaks TLS, and takes the password before Postgres asks for it.
neonConfig.wsProxy = (host, port) => `127.0.0.1:${server.address().port}/?address=${host}:${port}`
neonConfig.useSecureWebSocket = false
neonConfig.pipelineConnect = false
