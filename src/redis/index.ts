export * from './cache';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './client';
export * from './session-store';
