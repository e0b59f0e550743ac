export * from './argon2';
export * from './bcrypt';
export * from './digests';
export type * from './hasher';
export * from './passwords';
export * from './pbkdf2';
export * from './scrypt';
