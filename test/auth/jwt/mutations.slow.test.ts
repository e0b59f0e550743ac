import { describe, expect, it } from '@jest/globals';
import { createHmac, KeyObject } from 'node:crypto';
import { APIView, handle, IsAuthenticated, path, Response, type AuthenticationClasses } from 'sallyport';
import { AccessToken, algorithmNames, JWTAuthentication, tokenRefresh, tokenVerify } from 'sallyport/jwt';
import { APIClient } from 'sallyport/testing';
import { keysOf, mutate, numbersFrom, type KeyPair } from './protocol/support';
import { openBench } from './support';

const COUNT = 10_000;

/** Key confusion: the text of a public key, which everybody has, as the secret of HMAC. */
function confused(token: string, { verifying }: KeyPair): string[] {
  if (!(verifying instanceof KeyObject)) return [];
  const payload = token.split('.')[1]!;
  const forms = [
    verifying.export({ format: 'pem', type: 'spki' }),
    verifying.export({ format: 'der', type: 'spki' }),
    JSON.stringify(verifying.export({ format: 'jwk' })),
  ];
  return forms.flatMap((secret) =>
    ['256', '384', '512'].map((bits) => {
      const data = `${Buffer.from(`{"alg":"HS${bits}","typ":"JWT"}`).toString('base64url')}.${payload}`;
      return `${data}.${createHmac(`sha${bits}`, secret).update(data).digest('base64url')}`;
    }),
  );
}

describe.each(algorithmNames)('a view that takes %s', (algorithm) => {
  it('answers 401 to 10,000 mutated tokens, and never anything else (J-097)', async () => {
    const keys = keysOf.get(algorithm)!;
    const bench = await openBench({ algorithm, signingKey: keys.signing, blacklist: null });
    class Me extends APIView {
      static override authenticationClasses: AuthenticationClasses = [JWTAuthentication];
      static override permissionClasses = [IsAuthenticated];
      override get(): Response {
        return new Response({});
      }
    }
    const client = new APIClient(
      handle([
        path('/me/', Me.asView({ settings: bench.settings })),
        path('/verify/', tokenVerify(bench.settings)),
        path('/refresh/', tokenRefresh(bench.settings)),
      ]),
    );
    const good = String(await AccessToken.forUser(bench.settings, bench.alice));
    const ask = async (token: string): Promise<number> =>
      (await client.get('/me/', undefined, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect(await ask(good)).toBe(200);

    const random = numbersFrom(`${algorithm} at a view`);
    const mutated = Array.from({ length: COUNT }, () => mutate(good, random).replace(/[\n\0 ]/g, '\u00e9'));
    const wrong: unknown[] = [];
    for (const token of [...confused(good, keys), ...mutated]) {
      const status = await ask(token);
      if (status !== 401) wrong.push([status, token]);
    }
    for (const token of mutated.slice(0, 500)) {
      for (const [to, field] of [
        ['/verify/', 'token'],
        ['/refresh/', 'refresh'],
      ] as const) {
        const { status } = await client.post(to, { [field]: token }, { format: 'json' });
        if (status !== 401) wrong.push([to, status, token]);
      }
    }
    expect(wrong).toEqual([]);
  });
});
