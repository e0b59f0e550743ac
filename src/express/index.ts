export { createServer } from './server';
export type { ExpressApp } from './server';
export { expressSessions } from './sessions';
