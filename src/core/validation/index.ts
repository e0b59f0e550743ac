export * from './validated';
