export * from './session-store';
export * from './token-store';
export * from './user-store';
