import { describe, expect, test } from 'vitest'
import { serviceProblems, withBrokers } from '../../cli/status.ts'

const heard = (service: string, state = 'READY', health = 'alive') => ({ service, state, health })
const all = [heard('producers'), heard('processors'), heard('consumers'), heard('api')]

describe('status', () => {
  test('has nothing to say while every role is heard and ready', () => expect(serviceProblems(all)).toEqual([]))

  test('names a role that went silent', () => {
    const silent = [heard('producers', 'READY', 'suspect'), ...all.slice(1)]
    expect(serviceProblems(silent)).toEqual(['producers: no sign of life for 15 s'])
  })

  test('names a role that says itself that it is degraded', () => {
    expect(serviceProblems([...all.slice(0, 3), heard('api', 'DEGRADED')])).toEqual(['api: degraded, see its log'])
  })

  test('names the broker that does not answer, and is not ready then', () => {
    const brokers = [9092, 9093, 9094].map((port) => ({ address: `127.0.0.1:${port}`, isUp: port !== 9093 }))
    expect(withBrokers({ ready: true, problems: [] }, brokers)).toEqual({
      ready: false,
      problems: ['the broker 127.0.0.1:9093 does not answer'],
      brokers,
    })
    expect(withBrokers({ ready: true, problems: [] }, brokers.slice(0, 1)).ready).toBe(true)
  })

  test('does not hold a dead process against the one that took its place', () => {
    expect(serviceProblems([...all, heard('consumers', 'READY', 'dead')])).toEqual([])
  })
})
