export { JSONWebTokenAuthentication } from './authentication';
export * from './exceptions';
export * from './handlers';
export * from './serializers';
export { jwtLegacy } from './settings';
export type { JWTLegacySettings } from './settings';
export * from './views';
