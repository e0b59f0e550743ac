export * from './blacklist';
export * from './cache';
export * from './knox';
export * from './models';
export * from './permission';
export type { SchemaProperties } from './schema';
export * from './session';
export * from './token';
export * from './user';
