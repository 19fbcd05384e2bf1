// URLs that the API refuses, and that somebody may still write into outbox.endpoints by hand: with the reason that a delivery
// to them fails with, whichever plane sends it.
import type { FailureKind } from '../../delivery/failures.ts'

export const plantedUrls: [url: string, reason: FailureKind][] = [
  ['', 'invalid_endpoint'],
  ['nonsense', 'invalid_endpoint'],
  ['//8.8.8.8/', 'invalid_endpoint'],
  ['https://', 'invalid_endpoint'],
  // Schemes.
  ['ftp://127.0.0.1/', 'invalid_endpoint'],
  ['file:///etc/passwd', 'invalid_endpoint'],
  ['javascript:alert(1)', 'invalid_endpoint'],
  ['data:text/plain,a', 'invalid_endpoint'],
  ['ws://127.0.0.1/', 'invalid_endpoint'],
  // User names.
  ['http://user@127.0.0.1/', 'invalid_endpoint'],
  ['http://:password@127.0.0.1/', 'invalid_endpoint'],
  // Ports.
  ['http://127.0.0.1:22/', 'invalid_endpoint'],
  ['http://127.0.0.1:0/', 'invalid_endpoint'],
  ['http://127.0.0.1:65536/', 'invalid_endpoint'],
  ['http://127.0.0.1:6379/', 'invalid_endpoint'],
  // Too long, the second only once it is written as a URL.
  [`http://127.0.0.1/${'a'.repeat(2048)}`, 'invalid_endpoint'],
  [`http://127.0.0.1/${'é'.repeat(700)}`, 'invalid_endpoint'],
  // Hosts that can't exist. Names that could, but do not, are `dns` to the listener and `connection` to the cron function.
  ['http://256.256.256.256/', 'invalid_endpoint'],
  ['http://1.2.3.4.5/', 'invalid_endpoint'],
  ['http://a b.example/', 'invalid_endpoint'],
  ['http://a..example/', 'invalid_endpoint'],
  ['http://.example/', 'invalid_endpoint'],
  ['http://xn--/', 'invalid_endpoint'],
  ['http://*.example/', 'invalid_endpoint'],
  ["http://a'b.example/", 'invalid_endpoint'],
  [`http://${'a'.repeat(64)}.example/`, 'invalid_endpoint'],
  [`http://${'a.'.repeat(124)}example/`, 'invalid_endpoint'],
  // Hosts that are not public.
  ['http://10.0.0.1/#fragment', 'blocked_address'],
  ['http://169.254.169.254/', 'blocked_address'],
  ['http://0xA9FEA9FE/', 'blocked_address'],
  ['http://[::ffff:10.0.0.1]/', 'blocked_address'],
  ['http://[fe80::1]/', 'blocked_address'],
  ['http://224.0.0.1/', 'blocked_address'],
]
