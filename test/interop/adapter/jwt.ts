import { createPublicKey } from 'node:crypto';
import { defineSettings } from 'sallyport';
import {
  AccessToken,
  jwkThumbprint,
  jwt,
  RefreshToken,
  SlidingToken,
  TokenError,
  UntypedToken,
  type AlgorithmName,
  type TokenClass,
} from 'sallyport/jwt';
import type { Kinds, Output } from './answers';
import { clockOf } from './signing';

interface VerifyInput {
  readonly token: string;
  readonly type: string;
  readonly algorithm: AlgorithmName;
  readonly signing_key?: string | null;
  readonly verifying_key?: string | null;
  readonly audience?: string | readonly string[] | null;
  readonly issuer?: string | null;
  readonly leeway?: number | null;
  readonly now: number;
}

const CLASSES: Readonly<Record<string, TokenClass>> = {
  access: AccessToken,
  refresh: RefreshToken,
  sliding: SlidingToken,
  untyped: UntypedToken,
};

async function verify(input: VerifyInput): Promise<Output> {
  const settings = defineSettings(
    { clock: clockOf(input) },
    jwt({
      simplejwtVersion: '5.2',
      algorithm: input.algorithm,
      signingKey: input.signing_key ?? null,
      verifyingKey: input.verifying_key ?? null,
      audience: input.audience ?? null,
      issuer: input.issuer ?? null,
      leeway: input.leeway ?? 0,
      allowShortSigningKey: true,
    }),
  );
  try {
    const { payload } = await CLASSES[input.type]!.decode(settings, input.token);
    return { ok: true, payload };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { ok: false, detail: error.message };
  }
}

export const jwtKinds = {
  'jwt.verify': verify,

  'jwk.thumbprint': ({ private_pem: pem }: { readonly private_pem: string }) => ({
    kid: jwkThumbprint(createPublicKey(pem).export({ format: 'jwk' })),
  }),
} satisfies Kinds;
