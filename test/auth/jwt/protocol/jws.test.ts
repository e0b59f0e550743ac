import { describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, KeyObject, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as jose from 'jose';
import {
  algorithmNames,
  checkClaims,
  findAlgorithm,
  JWTError,
  JWTExpired,
  jwkThumbprint,
  MAX_TOKEN_LENGTH,
  parseObject,
  prepareSigningKey,
  prepareVerifyingKey,
  readCompact,
  UnfitKey,
  verifyCompact,
} from '../../../../src/auth/jwt/protocol';
import { keysOf, mutate, numbersFrom, signToken, verifyToken } from './support';

interface Vector {
  readonly id: string;
  readonly source: string;
  readonly operation: string;
  readonly inputs: { jws?: string; jwt?: string; jwk: JsonWebKey; algorithms: string[]; now?: number };
  readonly expected: { valid?: boolean; reason?: string; payloadText?: string; thumbprint?: string };
}

const { vectors } = JSON.parse(readFileSync(join(__dirname, '../../../vectors/jose.json'), 'utf8')) as {
  vectors: Vector[];
};

function check({ operation, inputs }: Vector): Vector['expected'] {
  if (operation === 'jwk-thumbprint-sha256') return { thumbprint: jwkThumbprint(inputs.jwk) };
  const algorithm = findAlgorithm(inputs.algorithms[0]!)!;
  const key = prepareVerifyingKey(algorithm, inputs.jwk);
  try {
    const { payload } = verifyCompact((inputs.jws ?? inputs.jwt)!, { algorithm, key });
    if (operation === 'jwt-verify') checkClaims(parseObject(payload), { now: inputs.now! });
    return { valid: true, payloadText: payload.toString() };
  } catch (error) {
    return { valid: false, reason: (error as JWTError).reason };
  }
}

describe('the vectors of the RFCs', () => {
  it.each(vectors)('$id: $source', (vector) => {
    expect(check(vector)).toMatchObject(vector.expected);
  });
});

const asKeyObject = (key: unknown): jose.KeyLike | Uint8Array => key as jose.KeyLike;

describe.each(algorithmNames)('%s', (name) => {
  const claims = { user_id: '1', iat: 900, exp: 2000, text: 'Grüße' };
  const { signing, verifying } = keysOf.get(name)!;

  it('reads what it has written', () => {
    expect(verifyToken(name, signToken(name, claims))).toEqual(claims);
  });

  it('writes what jose reads', async () => {
    const { payload, protectedHeader } = await jose.jwtVerify(signToken(name, claims), asKeyObject(verifying), {
      algorithms: [name],
      currentDate: new Date(1_000_000),
    });
    expect(payload).toEqual(claims);
    expect(protectedHeader).toEqual({ alg: name, typ: 'JWT' });
  });

  it('reads what jose has written', async () => {
    const token = await new jose.SignJWT(claims).setProtectedHeader({ alg: name }).sign(asKeyObject(signing));
    expect(verifyToken(name, token)).toEqual(claims);
  });

  it('refuses the signature of every other key and algorithm', () => {
    const refused = algorithmNames.filter((other) => {
      try {
        verifyToken(name, signToken(other, claims, { alg: name }));
        return false;
      } catch (error) {
        return (error as JWTError).reason === 'signature';
      }
    });
    expect(refused).toEqual(algorithmNames.filter((other) => other !== name));
  });

  it('refuses mutated tokens, and nothing but its own error comes out', () => {
    const token = signToken(name, claims);
    const random = numbersFrom(name);
    for (let i = 0; i < 300; i++) {
      const mutated = mutate(token, random);
      expect([mutated, outcome(() => verifyToken(name, mutated))]).toEqual([mutated, 'refused']);
    }
  });

  it('keeps its form with a key as a JWK and as PEM', () => {
    if (!(verifying instanceof KeyObject)) return;
    const algorithm = findAlgorithm(name)!;
    for (const form of [verifying.export({ format: 'jwk' }), verifying.export({ format: 'pem', type: 'spki' })]) {
      const key = prepareVerifyingKey(algorithm, form);
      expect(() => verifyCompact(signToken(name, claims), { algorithm, key })).not.toThrow();
    }
  });
});

function outcome(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof JWTError ? 'refused' : `failed: ${String(error)}`;
  }
}

function reasonOf(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof JWTError ? error.reason : `failed: ${String(error)}`;
  }
}

describe('a token in the compact form', () => {
  const good = signToken('HS256', { exp: 2000 });
  const [header, payload, signature] = good.split('.') as [string, string, string];
  const reading = (token: string): string => reasonOf(() => verifyToken('HS256', token));
  const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');

  it('is refused when it is longer than the limit, before anything of it is read', () => {
    expect(reading('x'.repeat(MAX_TOKEN_LENGTH + 1))).toBe('too_large');
    expect(reading('x'.repeat(MAX_TOKEN_LENGTH))).toBe('malformed');
  });

  it.each([
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.`],
    ['no part', ''],
    ['padding', `${header}.${payload}.${signature}=`],
    ['a line break', `${good}\n`],
    ['the other alphabet', good.replace(/[-_]/g, '+') + '+'],
    ['bits after the last byte', `${header}.${payload}.${signature.slice(0, -1)}${nextCharacter(signature)}`],
    ['a header that is no JSON', `${encode('{')}.${payload}.${signature}`],
    ['a header that is no object', `${encode('[]')}.${payload}.${signature}`],
    ['a header that is no UTF-8', `${encode('{"alg":"\xff"}')}.${payload}.${signature}`],
    ['a header with a name that stands twice', `${encode('{"alg":"none","alg":"HS256"}')}.${payload}.${signature}`],
    ['a header of brackets', `${encode('['.repeat(9000))}.${payload}.${signature}`],
  ])('is refused as malformed: %s', (_what, token) => {
    expect(reading(token)).toBe('malformed');
  });

  it.each([
    ['none', { alg: 'none' }],
    ['None', { alg: 'None' }],
    ['hs256', { alg: 'hs256' }],
    ['HS512', { alg: 'HS512' }],
    ['RS256', { alg: 'RS256' }],
    ['a list', { alg: ['HS256'] }],
    ['null', { alg: null }],
  ])('is refused for its algorithm: %s', (_what, change) => {
    expect(reading(signToken('HS256', { exp: 2000 }, change))).toBe('algorithm');
  });

  it.each([
    ['crit', { crit: ['exp'] }],
    ['an empty crit', { crit: [] }],
    ['jwk', { jwk: { kty: 'oct', k: 'AA' } }],
    ['jku', { jku: 'https://example.com/keys' }],
    ['x5u', { x5u: 'https://example.com/cert' }],
    ['x5c', { x5c: [] }],
    ['typ that is no text', { typ: 1 }],
    ['kid that is no text', { kid: { $ne: 1 } }],
  ])('is refused for its header: %s (J-099)', (_what, change) => {
    expect(reading(signToken('HS256', { exp: 2000 }, change))).toBe('header');
  });

  it('can be read without a look at the signature, which proves nothing', () => {
    expect(readCompact(`${header}.${payload}.`).payload.toString()).toBe('{"exp":2000}');
  });
});

/** The same byte at the end, with another bit after it. */
function nextCharacter(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(signature.at(-1)!) + 1]!;
}

describe('the JSON of a token', () => {
  const parsing = (text: string): unknown => parseObject(Buffer.from(text));

  it.each(['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{"a":1, "\\u0061":2}', '{"a":[{"b":1,"c":{},"b":2}]}'])(
    'is refused with a name that stands twice: %s',
    (text) => {
      expect(reasonOf(() => parsing(text))).toBe('malformed');
    },
  );

  it.each(['{"a":{"a":1}}', '{"a":"b","b":"a"}', '{ "a" : [ {"a":1}, {"a":"{\\"a\\":1"} ] }', '{"__proto__":1}'])(
    'may have a name in two objects, and in texts: %s',
    (text) => {
      expect(parsing(text)).toEqual(JSON.parse(text));
    },
  );

  it('keeps every digit of a long integer', () => {
    expect(parsing('{"user_id":9007199254740993}')).toEqual({ user_id: 9007199254740993n });
  });

  it('may be nested as deep as a token is long', () => {
    const depth = 6000;
    const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(['accepted', 'malformed']).toContain(reasonOf(() => parsing(text)));
  });
});

describe('the claims', () => {
  const checking = (claims: object, rules: object = {}): string =>
    reasonOf(() => checkClaims(claims as Record<string, unknown>, { now: 1000, ...rules }));

  it('end at exp, and begin at nbf and iat', () => {
    expect([999.9, 1000, 1001].map((exp) => checking({ exp }))).toEqual(['expired', 'expired', 'accepted']);
    expect([1000, 1001].map((nbf) => checking({ nbf }))).toEqual(['accepted', 'not_yet_valid']);
    expect([1000, 1001].map((iat) => checking({ iat }))).toEqual(['accepted', 'not_yet_valid']);
    expect(() => checkClaims({ exp: 1 }, { now: 2 })).toThrow(JWTExpired);
  });

  it('are read with the leeway on both sides', () => {
    expect([970, 971].map((exp) => checking({ exp }, { leeway: 30 }))).toEqual(['expired', 'accepted']);
    expect([1030, 1031].map((nbf) => checking({ nbf }, { leeway: 30 }))).toEqual(['accepted', 'not_yet_valid']);
    expect([1030, 1031].map((iat) => checking({ iat }, { leeway: 30 }))).toEqual(['accepted', 'not_yet_valid']);
  });

  it.each(['exp', 'nbf', 'iat'])('are refused where %s is no number', (name) => {
    const values = ['2000', null, true, [], {}, [2000], 12345678901234567890n, NaN, Infinity];
    expect(values.map((value) => checking({ [name]: value }))).toEqual(values.map(() => 'claims'));
  });

  it.each(['sub', 'jti'])('are refused where %s is no text (J-086)', (name) => {
    expect([1, null, ['a'], 'a'].map((value) => checking({ [name]: value }))).toEqual([
      ...['claims', 'claims', 'claims'],
      'accepted',
    ]);
  });

  it('name one of the audiences, where any is asked for', () => {
    const asked = { audience: ['a', 'b'] };
    expect(checking({ aud: 'x' })).toBe('accepted');
    expect([{ aud: 'a' }, { aud: ['x', 'b'] }].map((claims) => checking(claims, asked))).toEqual(
      Array(2).fill('accepted'),
    );
    const bad = [{}, { aud: 'ab' }, { aud: [] }, { aud: null }, { aud: ['a', 1] }, { aud: 1 }];
    expect(bad.map((claims) => checking(claims, asked))).toEqual(bad.map(() => 'audience'));
  });

  it('name exactly the issuer, where one is asked for', () => {
    expect(checking({ iss: 'x' })).toBe('accepted');
    expect(checking({ iss: 'https://a' }, { issuer: 'https://a' })).toBe('accepted');
    const bad = [{}, { iss: 'https' }, { iss: 'https://a/' }, { iss: ['https://a'] }, { iss: null }];
    expect(bad.map((claims) => checking(claims, { issuer: 'https://a' }))).toEqual(bad.map(() => 'issuer'));
  });
});

describe('a key', () => {
  const hs256 = findAlgorithm('HS256')!;
  const rs256 = findAlgorithm('RS256')!;
  const es256 = findAlgorithm('ES256')!;
  const rsa = keysOf.get('RS256')!.verifying as KeyObject;

  it('of a pair is no HMAC secret, in any form', () => {
    const forms = [
      rsa,
      rsa.export({ format: 'pem', type: 'spki' }),
      rsa.export({ format: 'pem', type: 'pkcs1' }),
      rsa.export({ format: 'der', type: 'spki' }),
      rsa.export({ format: 'jwk' }),
      JSON.stringify(rsa.export({ format: 'jwk' })),
      'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ',
    ];
    for (const form of forms) expect(() => prepareSigningKey(hs256, form as string)).toThrow(UnfitKey);
  });

  it('of HMAC is as long as the digest, unless short ones are allowed', () => {
    expect(() => prepareSigningKey(hs256, 'x'.repeat(31))).toThrow('at least 32 bytes');
    expect(() => prepareSigningKey(hs256, 'x'.repeat(32))).not.toThrow();
    expect(() => prepareSigningKey(findAlgorithm('HS512')!, 'x'.repeat(63))).toThrow('at least 64 bytes');
    expect(() => prepareSigningKey(hs256, 'short', { allowShortSecret: true })).not.toThrow();
    expect(() => prepareSigningKey(hs256, '', { allowShortSecret: true })).toThrow('empty');
  });

  it('has the type, the curve and the length that the algorithm needs', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(() => prepareVerifyingKey(es256, p384.publicKey)).toThrow('on the curve prime256v1');
    expect(() => prepareVerifyingKey(es256, rsa)).toThrow("of the type 'ec'");
    expect(() => prepareVerifyingKey(rs256, short.publicKey)).toThrow('at least 2048 bits');
    expect(() => prepareSigningKey(rs256, rsa)).toThrow("a private key of the type 'rsa'");
    expect(() => prepareVerifyingKey(rs256, 'no key')).toThrow("can't be read");
  });

  it('that is private gives the public one to verify with', () => {
    const { signing } = keysOf.get('RS256')!;
    expect(prepareVerifyingKey(rs256, signing).equals(createPublicKey(signing as KeyObject))).toBe(true);
  });

  it('as a JWK is used only for what it says', () => {
    const jwk = rsa.export({ format: 'jwk' });
    expect(() => prepareVerifyingKey(rs256, { ...jwk, alg: 'RS256', use: 'sig' })).not.toThrow();
    expect(() => prepareVerifyingKey(rs256, { ...jwk, alg: 'RS512' })).toThrow("by its 'alg'");
    expect(() => prepareVerifyingKey(rs256, { ...jwk, use: 'enc' })).toThrow("by its 'use'");
  });

  it('never stands in the error that refuses it', () => {
    const secret = 'a-secret-nobody-may-read';
    for (const algorithm of [hs256, rs256]) {
      expect(() => prepareSigningKey(algorithm, secret)).toThrow(expect.not.stringContaining(secret));
    }
  });

  it('has a thumbprint only if it is complete', () => {
    expect(() => jwkThumbprint({ kty: 'EC', crv: 'P-256', x: 'x' })).toThrow(TypeError);
    expect(() => jwkThumbprint({ kty: 'unknown' })).toThrow(TypeError);
  });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('of %s has the thumbprint that jose finds', async (name) => {
    const jwk = (keysOf.get(name)!.verifying as KeyObject).export({ format: 'jwk' });
    expect(jwkThumbprint(jwk)).toBe(await jose.calculateJwkThumbprint(jwk as jose.JWK));
  });
});
