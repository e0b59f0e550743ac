export * from './authentication';
export { issueKey } from './keys-at-rest';
export type { IssuedKey } from './keys-at-rest';
export * from './models';
export * from './serializers';
export * from './settings';
export type * from './store';
export * from './throttling';
export * from './views';
