export * from './automatic-tokens';
export * from './entities';
export * from './migrations';
export type { Orm } from './orm';
export * from './stores';
export * from './unit-of-work';
