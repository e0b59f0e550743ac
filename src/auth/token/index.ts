export * from './authentication';
export * from './models';
export * from './serializers';
export * from './settings';
export * from './store';
export * from './views';
