import {
  checkPassword,
  identifyHasher,
  isPasswordUsable,
  PBKDF2PasswordHasher,
  PBKDF2SHA1PasswordHasher,
  User,
  validatePassword,
  ValidationError,
  type ErrorDetail,
} from 'sallyport';
import { hashers } from '../hashers';
import type { Kinds, Output } from './answers';

interface EncodeInput {
  readonly algorithm: string;
  readonly password: string;
  readonly salt: string;
  readonly iterations?: number;
}

/** The hashers whose cost a caller may choose. */
const WITH_ITERATIONS = { pbkdf2_sha256: PBKDF2PasswordHasher, pbkdf2_sha1: PBKDF2SHA1PasswordHasher } as const;

function hasherFor({ algorithm, iterations }: EncodeInput) {
  if (iterations !== undefined && (algorithm === 'pbkdf2_sha256' || algorithm === 'pbkdf2_sha1')) {
    return new WITH_ITERATIONS[algorithm]({ iterations });
  }
  const hasher = hashers.find((one) => one.algorithm === algorithm);
  if (hasher === undefined) throw new RangeError(`There is no hasher '${algorithm}'.`);
  return hasher;
}

async function check({
  password,
  encoded,
}: {
  readonly password: string | null;
  readonly encoded: string;
}): Promise<Output> {
  const { ok, mustUpdate } = await checkPassword(password, encoded, hashers);
  return {
    ok,
    usable: isPasswordUsable(encoded),
    algorithm: identifyHasher(encoded, hashers)?.algorithm ?? null,
    must_update: mustUpdate,
  };
}

interface ValidateInput {
  readonly password: string;
  readonly user: Record<'username' | 'first_name' | 'last_name' | 'email', string> | null;
}

async function validate({ password, user }: ValidateInput): Promise<Output> {
  const { first_name: firstName, last_name: lastName, ...names } = user ?? {};
  try {
    await validatePassword(password, user === null ? null : { ...names, firstName, lastName });
    return { messages: [], codes: [] };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const details = error.detail as ErrorDetail[];
    return { messages: details.map(String), codes: details.map(({ code }) => code) };
  }
}

export const passwordKinds = {
  'password.check': check,

  'password.encode': async (input: EncodeInput) => ({
    encoded: await hasherFor(input).encode(input.password, input.salt),
  }),

  'password.validate': validate,

  'user.normalize': ({ username, email }: Record<'username' | 'email', string>) => ({
    username: User.normalizeUsername(username),
    email: User.normalizeEmail(email),
  }),
} satisfies Kinds;
