export * from './view-controller';
