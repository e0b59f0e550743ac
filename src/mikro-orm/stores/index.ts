export * from './token-store';
export * from './user-store';
