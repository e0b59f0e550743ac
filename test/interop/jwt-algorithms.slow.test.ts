import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { defineSettings } from 'sallyport';
import { AccessToken, algorithmNames, jwt, type AlgorithmName } from 'sallyport/jwt';
import { describeWithDjango } from './real-django';

const SCRIPT = join(__dirname, 'django-project/jwt_algorithms.py');
const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

interface Keys {
  readonly signing_key: string;
  readonly verifying_key: string;
}

function generateKeys(algorithm: AlgorithmName): Keys {
  if (algorithm.startsWith('HS')) {
    const secret = randomBytes(64).toString('base64');
    return { signing_key: secret, verifying_key: secret };
  }
  const { privateKey, publicKey } = generatePair(algorithm);
  return {
    signing_key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    verifying_key: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}

function generatePair(algorithm: AlgorithmName): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  const namedCurve = CURVES[algorithm];
  return namedCurve === undefined
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve });
}

function askPython(entries: readonly object[]): { payload: unknown; token: string }[] {
  const { stdout, stderr } = spawnSync('/usr/bin/python3', [SCRIPT], { input: JSON.stringify(entries) });
  if (stdout.length === 0) throw new Error(`Python did not answer.\n${stderr.toString()}`);
  return JSON.parse(stdout.toString()) as { payload: unknown; token: string }[];
}

describeWithDjango('simplejwt and the library', () => {
  it('take the tokens of each other, whatever the algorithm (J-088, J-095)', async () => {
    const cases = algorithmNames.map((algorithm) => {
      const keys = generateKeys(algorithm);
      const settings = defineSettings(
        {},
        jwt({ algorithm, signingKey: keys.signing_key, verifyingKey: keys.verifying_key }),
      );
      const token = new AccessToken(settings);
      token.set('user_id', 'Zoë ☃ 😀');
      return { settings, token, entry: { algorithm, ...keys, token: String(token), claims: token.payload } };
    });
    const answers = askPython(cases.map(({ entry }) => entry));
    expect(answers).toHaveLength(cases.length);
    for (const [i, { settings, token }] of cases.entries()) {
      expect(answers[i]!.payload).toEqual(token.payload);
      expect((await AccessToken.decode(settings, answers[i]!.token)).payload).toEqual(token.payload);
    }
  });
});
