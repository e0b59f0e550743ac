export * from './api-view';
export { currentView } from './shared-view';
export * from './view-controller';
