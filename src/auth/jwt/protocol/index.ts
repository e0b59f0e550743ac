export { algorithmNames, findAlgorithm } from './algorithms';
export type { AlgorithmName, JWSAlgorithm } from './algorithms';
export * from './claims';
export * from './errors';
export type { JSONObject } from './json';
export { parseObject } from './json';
export * from './jws';
export * from './keys';
export * from './thumbprint';
