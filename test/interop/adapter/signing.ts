import { BadSignature, dumps, getCookieSigner, loads, saltedHmac, Signer, TimestampSigner } from 'sallyport';
import { FixedClock } from 'sallyport/testing';
import type { Kinds, Output } from './answers';

interface Secret {
  /** Django's `SECRET_KEY`. */
  readonly secret_key: string;
  /** The time, in seconds since 1970. */
  readonly now?: number;
}

interface SignerInput extends Secret {
  readonly salt: string | null;
  readonly timestamp: boolean;
}

interface ObjectInput extends Secret {
  readonly salt?: string | null;
}

interface CookieInput extends Secret {
  readonly name: string;
  readonly salt: string;
}

interface Age {
  readonly max_age?: number;
}

/** A clock that stands at `now`. */
export function clockOf({ now = 0 }: Pick<Secret, 'now'>): FixedClock {
  return new FixedClock(now * 1000);
}

function signerOf({ timestamp, salt, ...secret }: SignerInput): Signer {
  const options = { key: secret.secret_key, salt: salt ?? undefined };
  return timestamp ? new TimestampSigner({ ...options, clock: clockOf(secret) }) : new Signer(options);
}

function objectOptions({ salt, ...secret }: ObjectInput) {
  return { key: secret.secret_key, salt: salt ?? undefined, clock: clockOf(secret) };
}

function cookieSignerOf({ name, salt, ...secret }: CookieInput): TimestampSigner {
  return getCookieSigner({ key: secret.secret_key, salt: name + salt, clock: clockOf(secret) });
}

/** The value, or why there is none. */
function valueOrError(read: () => unknown): Output {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof BadSignature)) throw error;
    return { error: error.name };
  }
}

export const signingKinds = {
  'signing.sign': (input: SignerInput & { readonly value: string }) => ({ signed: signerOf(input).sign(input.value) }),

  'signing.unsign': (input: SignerInput & Age & { readonly signed: string }) =>
    valueOrError(() => signerOf(input).unsign(input.signed, { maxAge: input.max_age })),

  'signing.dumps': (input: ObjectInput & { readonly value: unknown; readonly compress?: boolean }) => ({
    signed: dumps(input.value, { ...objectOptions(input), compress: input.compress ?? false }),
  }),

  'signing.loads': (input: ObjectInput & Age & { readonly signed: string }) =>
    valueOrError(() => loads(input.signed, { ...objectOptions(input), maxAge: input.max_age })),

  'signing.salted_hmac': (input: Record<'key_salt' | 'value' | 'secret' | 'algorithm', string>) => ({
    hex: saltedHmac(input.key_salt, input.value, input).toString('hex'),
  }),

  'cookie.sign': (input: CookieInput & { readonly value: string }) => ({
    cookie_value: cookieSignerOf(input).sign(input.value),
  }),

  'cookie.unsign': (input: CookieInput & Age & { readonly cookie_value: string }) =>
    valueOrError(() => cookieSignerOf(input).unsign(input.cookie_value, { maxAge: input.max_age })),
} satisfies Kinds;
