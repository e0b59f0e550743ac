export * from './authentication';
export * from './models';
export * from './serializers';
export * from './settings';
export type * from './store';
export * from './throttling';
export * from './views';
