export * from './api-key-store';
export * from './blacklist-store';
export * from './cache';
export * from './knox-store';
export * from './refresh-family-store';
export * from './session-store';
export * from './token-store';
export * from './user-store';
