export * from './adopt';
export { listMigrations } from './ledger';
export type { MigrationStatus } from './ledger';
export * from './migrate';
export type { SqlMigration } from './migration';
export * from './migrations';
export { createPermissions } from './permissions';
export type { ModelDeclaration } from './permissions';
