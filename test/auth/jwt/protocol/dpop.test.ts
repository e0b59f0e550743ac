import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import {
  comparableUri,
  JWTError,
  verifyProof,
  type AlgorithmName,
  type JSONObject,
  type ProofRules,
} from '../../../../src/auth/jwt/protocol';
import { hashOf, proofKey } from './dpop-support';

const NOW = 1_800_000_000;
const TOKEN = 'header.payload.signature';

const rules: ProofRules = {
  method: 'GET',
  uri: 'https://api.example.com/notes',
  now: NOW,
  maxAge: 60,
  skew: 5,
  algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  accessToken: TOKEN,
};
const claims: JSONObject = { jti: 'p1', htm: 'GET', htu: rules.uri, iat: NOW, ath: hashOf(TOKEN) };
const key = proofKey();

const refusalOf = (proof: string, more: Partial<ProofRules> = {}): string | null => {
  try {
    verifyProof(proof, { ...rules, ...more });
    return null;
  } catch (error) {
    if (error instanceof JWTError) return error.reason;
    throw error;
  }
};

/** The examples of RFC 9449, sections 4.1 and 7.1: one key, at a log in and at a resource. */
const JWK_HEADER =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo' +
  'RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
const EXAMPLES = [
  {
    proof:
      `${JWK_HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi` +
      'aWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
    about: { method: 'POST', uri: 'https://server.example.com/token', now: 1_562_262_616, accessToken: null },
    jti: '-BwC3ESc6acc2lTc',
  },
  {
    proof:
      `${JWK_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0` +
      'ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.' +
      '2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
    about: {
      method: 'GET',
      uri: 'https://resource.example.org/protectedresource',
      now: 1_562_262_618,
      accessToken: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU',
    },
    jti: 'e1j3V_bKic8-LAEB',
  },
];

describe('a DPoP proof', () => {
  it.each(EXAMPLES)('of RFC 9449 is good: $jti', ({ proof, about, jti }) => {
    expect(verifyProof(proof, { ...rules, ...about })).toEqual({
      jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
      jti,
      nonce: null,
    });
  });

  it.each<AlgorithmName>(['ES256', 'EdDSA', 'PS256', 'RS256'])('that jose signs with %s is good', async (alg) => {
    const other = proofKey(alg);
    const jkt = await other.thumbprint();
    expect(verifyProof(await other.prove(claims), rules)).toEqual({ jkt, jti: 'p1', nonce: null });
    expect(verifyProof(await other.prove({ ...claims, nonce: 'n' }), rules)).toEqual({ jkt, jti: 'p1', nonce: 'n' });
  });

  it.each<[string, JSONObject, string]>([
    ['another method', { htm: 'POST' }, 'proof'],
    ['a method in small letters', { htm: 'get' }, 'proof'],
    ['another path', { htu: 'https://api.example.com/other' }, 'proof'],
    ['another host', { htu: 'https://api.example.org/notes' }, 'proof'],
    ['another scheme', { htu: 'http://api.example.com/notes' }, 'proof'],
    ['another port', { htu: 'https://api.example.com:8443/notes' }, 'proof'],
    ['no URL', { htu: 'notes' }, 'proof'],
    ['a user in the URL', { htu: 'https://api.example.com@evil.example/notes' }, 'proof'],
    ['a number for a URL', { htu: 7 }, 'claims'],
    ['another access token', { ath: hashOf('other') }, 'proof'],
    ['no access token', { ath: undefined }, 'claims'],
    ['no number', { jti: undefined }, 'claims'],
    ['an empty number', { jti: '' }, 'claims'],
    ['no moment', { iat: undefined }, 'claims'],
    ['a text for a moment', { iat: String(NOW) }, 'claims'],
    ['a moment too long ago', { iat: NOW - 60 }, 'proof'],
    ['a moment too far ahead', { iat: NOW + 6 }, 'proof'],
    ['a nonce that is no text', { nonce: 1 }, 'claims'],
  ])('with %s is refused', async (_what, more, reason) => {
    expect(refusalOf(await key.prove({ ...claims, ...more }))).toBe(reason);
  });

  it('is good at the edges of its time', async () => {
    for (const iat of [NOW - 59, NOW + 5]) expect(refusalOf(await key.prove({ ...claims, iat }))).toBeNull();
  });

  it('needs no access token where the request has none', async () => {
    expect(refusalOf(await key.prove({ ...claims, ath: undefined }), { accessToken: null })).toBeNull();
  });

  it.each<[string, JSONObject, string]>([
    ['another type', { typ: 'JWT' }, 'header'],
    ['no type', { typ: undefined }, 'header'],
    ['no key', { jwk: undefined }, 'header'],
    ['a text for a key', { jwk: 'key' }, 'header'],
    ['a list for a key', { jwk: [key.jwk] as never }, 'header'],
    ['the private key', { jwk: key.privateKey.export({ format: 'jwk' }) }, 'header'],
    ['a key of another kind', { jwk: proofKey('EdDSA').jwk }, 'header'],
    ['another key', { jwk: proofKey().jwk }, 'signature'],
    ['a key for encryption', { jwk: { ...key.jwk, use: 'enc' } }, 'header'],
    ['half a key', { jwk: { kty: 'EC', crv: 'P-256', x: key.jwk.x } }, 'header'],
    ['a point off the curve', { jwk: { ...key.jwk, y: key.jwk.x } }, 'header'],
    ['a URL of keys', { jku: 'https://evil.example/' }, 'header'],
    ['a certificate', { x5c: ['AA'] }, 'header'],
  ])('whose header has %s is refused', async (_what, header, reason) => {
    expect(refusalOf(await key.prove(claims, header))).toBe(reason);
  });

  it('with an extension that is critical is refused', async () => {
    const [, payload, signature] = (await key.prove(claims)).split('.');
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, crit: ['x'], x: 1 };
    expect(refusalOf(`${encode(header)}.${payload!}.${signature!}`)).toBe('header');
  });

  it('with a secret in the place of a key pair, or nothing, is refused', async () => {
    const secret = Buffer.alloc(32, 1);
    const jwk = { kty: 'oct', k: secret.toString('base64url') };
    const forged = await new SignJWT(claims).setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk }).sign(secret);
    expect(refusalOf(forged)).toBe('algorithm');
    expect(refusalOf(forged, { algorithms: ['HS256'] })).toBe('algorithm');
    const none = `${encode({ typ: 'dpop+jwt', alg: 'none', jwk: key.jwk })}.${encode(claims)}.`;
    expect(refusalOf(none)).toBe('algorithm');
  });

  it('with an algorithm that is not among those taken is refused', async () => {
    expect(refusalOf(await key.prove(claims), { algorithms: ['EdDSA'] })).toBe('algorithm');
  });

  it('that says a name twice is refused', async () => {
    const [header, , signature] = (await key.prove(claims)).split('.');
    const twice = `{"jti":"a","jti":"b","htm":"GET"}`;
    expect(refusalOf(`${header!}.${Buffer.from(twice).toString('base64url')}.${signature!}`)).toBe('signature');
    expect(refusalOf(`${Buffer.from('{"typ":"x","typ":"dpop+jwt"}').toString('base64url')}.e30.AA`)).toBe('malformed');
  });

  it('that is too long, or two of them, is refused', async () => {
    const proof = await key.prove(claims);
    expect(refusalOf(await key.prove({ ...claims, padding: 'x'.repeat(4000) }))).toBe('too_large');
    expect(refusalOf(`${proof}, ${proof}`)).toBe('malformed');
  });

  it('by a key that costs more time than it should is refused', async () => {
    const n = Buffer.alloc(513, 0xff).toString('base64url');
    const header = { typ: 'dpop+jwt', alg: 'RS256', jwk: { kty: 'RSA', n, e: 'AQAB' } };
    const proof = `${encode(header)}.${encode(claims)}.AA`;
    expect(refusalOf(proof)).toBe('header');
  });

  it('shows the same key, however its JWK is written', async () => {
    const jwk = { y: key.jwk.y, x: key.jwk.x, crv: 'P-256', kty: 'EC', kid: 'mine', use: 'sig' };
    const { jkt } = verifyProof(await key.prove(claims, { jwk }), rules);
    expect(jkt).toBe(await key.thumbprint());
  });
});

describe('the URL of a request', () => {
  it.each([
    ['HTTPS://API.example.com:443/a', 'https://api.example.com/a'],
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com/a?b=c#d', 'https://api.example.com/a'],
    ['https://api.example.com/%61%2f%7E', 'https://api.example.com/a%2F~'],
    ['https://api.example.com/a/../b', 'https://api.example.com/b'],
    ['http://127.0.0.1:8000/a', 'http://127.0.0.1:8000/a'],
  ])('%s is %s', (text, comparable) => {
    expect(comparableUri(text)).toBe(comparable);
  });

  it.each([
    '',
    'a',
    'ftp://a/',
    'https:/a',
    'https:\\\\a',
    'https://a b/',
    'https://u:p@a/',
    'https://',
    ' https://a/',
  ])('%j is none', (text) => {
    expect(comparableUri(text)).toBeNull();
  });
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
