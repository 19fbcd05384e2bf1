// Sends every unpleasant request to a receiver, one check after the other, and judges the answers.
import type { Finding } from '../doctor/finding.ts'
import { type ReceiverCheck, receiverChecks, type Subject } from './checks.ts'

export async function examineReceiver(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const check of receiverChecks) {
    const finding = { check: check.name, ...(await judge(check, subject)) }
    findings.push(finding)
    // A receiver that nobody reaches, or that refuses everything, needs no more advice than that.
    if (check.name === 'webhook' && finding.result === 'fail') break
  }
  return findings
}

async function judge(check: ReceiverCheck, subject: Subject): Promise<Omit<Finding, 'check'>> {
  try {
    const statuses = await check.send(subject)
    const wrong = statuses.filter(status => !isRight(check, status))
    if (wrong.length === 0) return { result: 'ok', message: `answered ${statuses.join(', ')}` }
    return { result: 'fail', message: `answered ${statuses.join(', ')}, and should ${check.should}` }
  } catch (error) {
    return { result: 'fail', message: `gave no answer (${reason(error)}), and should ${check.should}` }
  }
}

function isRight({ expects }: ReceiverCheck, status: number): boolean {
  const isSuccess = status >= 200 && status < 300
  // 4xx, but neither 410, which disables the endpoint, nor 429, which pauses it.
  if (expects === 'refusal') return status >= 400 && status < 500 && status !== 410 && status !== 429
  return isSuccess || (expects === 'success or again' && (status === 409 || status === 503))
}

function reason(error: unknown): string {
  const { name, code, cause } = error as Error & { code?: string; cause?: { code?: string } }
  return name === 'TimeoutError' ? 'within 15 s' : (cause?.code ?? code ?? name)
}
