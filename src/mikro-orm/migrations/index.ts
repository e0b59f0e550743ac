export * from './migrate';
export type { SqlMigration } from './migration';
export * from './migrations';
