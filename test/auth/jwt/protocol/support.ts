import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import {
  algorithmNames,
  checkClaims,
  findAlgorithm,
  parseObject,
  prepareSigningKey,
  prepareVerifyingKey,
  signCompact,
  verifyCompact,
  type AlgorithmName,
  type ClaimRules,
  type JSONObject,
  type KeyInput,
} from '../../../../src/auth/jwt/protocol';

/** A seed gives the same numbers each time, from 0 up to 1. */
export function numbersFrom(seed: string): () => number {
  let count = 0;
  return () =>
    createHash('sha256')
      .update(`${seed}:${String(count++)}`)
      .digest()
      .readUInt32BE(0) /
    2 ** 32;
}

export interface KeyPair {
  readonly signing: KeyInput;
  readonly verifying: KeyInput;
}

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function generateKeys(name: AlgorithmName): KeyPair {
  if (name.startsWith('HS')) {
    const secret = randomBytes(64);
    return { signing: secret, verifying: secret };
  }
  const pair = generatePair(name);
  return { signing: pair.privateKey, verifying: pair.publicKey };
}

function generatePair(name: AlgorithmName): { privateKey: KeyObject; publicKey: KeyObject } {
  if (name === 'EdDSA') return generateKeyPairSync('ed25519');
  const namedCurve = CURVES[name];
  return namedCurve === undefined
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve });
}

export const keysOf = new Map(algorithmNames.map((name) => [name, generateKeys(name)]));

export function signToken(name: AlgorithmName, claims: JSONObject, header: JSONObject = {}): string {
  const algorithm = findAlgorithm(name)!;
  const key = prepareSigningKey(algorithm, keysOf.get(name)!.signing);
  return signCompact(JSON.stringify(claims), { alg: name, typ: 'JWT', ...header }, { algorithm, key });
}

/** The claims of a token with a good signature and good claims. */
export function verifyToken(name: AlgorithmName, token: string, rules: ClaimRules = { now: 1000 }): JSONObject {
  const algorithm = findAlgorithm(name)!;
  const key = prepareVerifyingKey(algorithm, keysOf.get(name)!.verifying);
  const claims = parseObject(verifyCompact(token, { algorithm, key }).payload);
  checkClaims(claims, rules);
  return claims;
}

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ %\u00e9';

/** A token that differs from the given one: in a character, a bit, a part, its header, or its algorithm. */
export function mutate(token: string, random: () => number): string {
  const pick = (length: number): number => Math.floor(random() * length);
  const parts = token.split('.') as [string, string, string];
  const at = pick(token.length);
  const part = pick(3);
  const ways: (() => string)[] = [
    () => token.slice(0, at) + CHARACTERS[pick(CHARACTERS.length)]! + token.slice(at + 1),
    () => token.slice(0, at) + token.slice(at + 1 + pick(3)),
    () => token.slice(0, at) + CHARACTERS[pick(CHARACTERS.length)]! + token.slice(at),
    () => parts.map((text, index) => (index === part ? flipBit(text, random) : text)).join('.'),
    () => parts.map((text, index) => (index === part ? '' : text)).join('.'),
    () => parts.map((text, index) => (index === part ? `${text}${text}` : text)).join('.'),
    () => [parts[(part + 1) % 3], parts[part], parts[(part + 2) % 3]].join('.'),
    () => `${token}${['.', '=', ' ', '.x', '\n', '\0'][pick(6)]!}`,
    () => [encode(changedHeader(parts[0], pick)), parts[1], parts[2]].join('.'),
    () => [encode({ alg: 'none' }), parts[1], ''].join('.'),
    () => [parts[0], Buffer.from(`{"user_id":"${String(pick(99))}"}`).toString('base64url'), parts[2]].join('.'),
  ];
  const changed = ways[pick(ways.length)]!();
  return changed === token ? mutate(token, random) : changed;
}

function flipBit(text: string, random: () => number): string {
  const bytes = Buffer.from(text, 'base64url');
  const at = Math.floor(random() * bytes.length);
  bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
  return bytes.toString('base64url');
}

const encode = (header: JSONObject): string => Buffer.from(JSON.stringify(header)).toString('base64url');

function changedHeader(text: string, pick: (length: number) => number): JSONObject {
  const header = JSON.parse(Buffer.from(text, 'base64url').toString()) as JSONObject;
  const changes: JSONObject[] = [
    { alg: 'none' },
    { alg: algorithmNames[pick(algorithmNames.length)], x: 1 },
    { alg: null },
    { alg: [header['alg']] },
    { alg: 'hs256' },
    { crit: ['exp'] },
    { jwk: { kty: 'oct', k: 'AA' } },
    { typ: 1 },
    { kid: '../../dev/null' },
  ];
  return { ...header, ...changes[pick(changes.length)] };
}
