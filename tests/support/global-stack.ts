import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    stack: { readonly brokers: readonly string[]; readonly registry: string; readonly database: string }
  }
}

/** Gives tests a real Kafka, registry and PostgreSQL: those of the environment. */
export async function setup(project: TestProject): Promise<void> {
  project.provide('stack', {
    brokers: (process.env['KAFKA_BROKERS'] ?? '').split(','),
    registry: process.env['SCHEMA_REGISTRY_URL'] ?? '',
    database: process.env['DATABASE_URL'] ?? '',
  })
}
