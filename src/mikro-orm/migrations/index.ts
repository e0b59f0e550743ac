export * from './migrate';
export type { SqlMigration } from './migration';
export * from './migrations';
export { createPermissions } from './permissions';
export type { ModelDeclaration } from './permissions';
