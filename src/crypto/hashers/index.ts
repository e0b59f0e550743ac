export type * from './hasher';
export * from './md5';
export * from './passwords';
export * from './pbkdf2';
export * from './scrypt';
