export * from './reset-tokens';
export * from './validation';
export * from './validators';
