export type { SchemaProperties } from './schema';
export * from './token';
export * from './user';
