import { decodeUid, defineSettings, encodeUid, PasswordResetTokenGenerator } from 'sallyport';
import type { Kinds } from './answers';
import { clockOf } from './signing';

interface ResetInput {
  readonly secret_key: string;
  readonly now: number;
  /** Seconds. */
  readonly timeout?: number;
  /** How far the clocks of the site are ahead of UTC. */
  readonly utc_offset_hours?: number;
  readonly user: {
    readonly pk: unknown;
    readonly password_field: string;
    readonly email: string | null;
    readonly last_login: string | null;
  };
}

function timeZoneOf({ utc_offset_hours: offset = 0 }: ResetInput): string {
  const minutes = Math.round(Math.abs(offset) * 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offset < 0 ? '-' : '+'}${hours!}:${rest!}`;
}

function generatorOf(input: ResetInput): PasswordResetTokenGenerator {
  const settings = defineSettings({
    secretKey: input.secret_key,
    clock: clockOf(input),
    timeZone: timeZoneOf(input),
    ...(input.timeout === undefined ? {} : { passwordResetTimeout: input.timeout }),
  });
  return new PasswordResetTokenGenerator(settings);
}

function userOf({ user: { pk, password_field: password, email, last_login: lastLogin } }: ResetInput) {
  return { pk, password, email, lastLogin: lastLogin === null ? null : new Date(lastLogin) };
}

export const resetKinds = {
  'reset_token.make': (input: ResetInput) => ({ token: generatorOf(input).makeToken(userOf(input)) }),

  'reset_token.check': (input: ResetInput & { readonly token: string }) => ({
    ok: generatorOf(input).checkToken(userOf(input), input.token),
  }),

  'uid.encode': ({ pk }: { readonly pk: unknown }) => ({ uid: encodeUid(pk) }),

  'uid.decode': ({ uid }: { readonly uid: string }) => {
    const pk = decodeUid(uid);
    return pk === null ? { error: 'invalid' } : { pk };
  },
} satisfies Kinds;
