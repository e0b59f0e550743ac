export * from './api-view';
export { createBridge } from './bridge';
export type { Bridge, BridgeOptions } from './bridge';
export { currentView } from './shared-view';
export * from './view-controller';
