import { describe, expect, it } from '@jest/globals';
import {
  decodeUid,
  defineSettings,
  encodeUid,
  ImproperlyConfigured,
  PasswordResetTokenGenerator,
  User,
  type SettingsInput,
} from 'sallyport';
import { FixedClock } from 'sallyport/testing';

const secretKey = 'sallyport-test-secret-key-0123456789';
const EPOCH = Date.UTC(2001, 0, 1);

function generator(options: SettingsInput = {}): PasswordResetTokenGenerator {
  return new PasswordResetTokenGenerator(
    defineSettings({ secretKey, clock: new FixedClock(EPOCH + 800_000_000_000), ...options }),
  );
}

function john(fields: Partial<User> = {}): User {
  return Object.assign(new User(), {
    id: 42,
    username: 'john',
    email: 'john@example.com',
    password: 'pbkdf2_sha256$1000$NaClNaClNaCl$wNSIo3Xxn40jMATTAInliPE1puSKz/kEHTcfdsEYyRw=',
    ...fields,
  });
}

const TOKEN = 'd8ary8-861f8c1194da59fa451dbfd39d4d3409';

describe('a token that resets a password', () => {
  it('is that of Django, to the byte (A-101, A-102)', () => {
    expect(generator().makeToken(john())).toBe(TOKEN);
    const lastLogin = new Date('2026-01-02T03:04:05.678Z');
    expect(generator().makeToken(john({ lastLogin }))).toBe('d8ary8-6afccc8a934aeb3777ffed308628e5b4');
  });

  it('is good for its user, once and again, until its time is over (A-103)', () => {
    const after = (seconds: number, options: SettingsInput = {}): boolean =>
      generator({ clock: new FixedClock(EPOCH + (800_000_000 + seconds) * 1000), ...options }).checkToken(
        john(),
        TOKEN,
      );
    expect([0, 1, 259_200].map((seconds) => after(seconds))).toEqual([true, true, true]);
    expect(after(259_201)).toBe(false);
    expect(after(60, { passwordResetTimeout: 60 })).toBe(true);
    expect(after(61, { passwordResetTimeout: 60 })).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['null', null],
    ['undefined', undefined],
    ['no dash', TOKEN.replace('-', '')],
    ['two dashes', `${TOKEN}-a`],
    ['a changed time', TOKEN.replace('d8ary8', 'd8ary9')],
    ['a changed signature', TOKEN.replace(/9$/, '8')],
    ['a shorter signature', TOKEN.slice(0, -1)],
    ['a longer signature', `${TOKEN}0`],
    ['capital letters', TOKEN.toUpperCase()],
    ['a time in another writing', TOKEN.replace('d8ary8', '0d8ary8')],
    ['a sign before the time', `+${TOKEN}`],
    ['a time beyond all numbers', TOKEN.replace('d8ary8', 'zzzzzzzzzzz')],
    ['days, as before Django 3.1', '5xh-861f8c1194da59fa4510'],
    ['blanks', ` ${TOKEN}`],
    ['a line end', `${TOKEN}\n`],
  ])('is no good with %s (A-103)', (_name, token) => {
    expect(generator().checkToken(john(), token)).toBe(false);
  });

  it('is no good for nobody, or for another user (A-103)', () => {
    expect(generator().checkToken(null, TOKEN)).toBe(false);
    expect(generator().checkToken(undefined, TOKEN)).toBe(false);
    expect(generator().checkToken(john({ id: 43 }), TOKEN)).toBe(false);
  });

  it('ends with a new password, a new address or a log in, and with nothing else (A-104)', () => {
    const ends = (fields: Partial<User>): boolean => !generator().checkToken(john(fields), TOKEN);
    expect(ends({ password: `${john().password}x` })).toBe(true);
    expect(ends({ email: 'john@example.org' })).toBe(true);
    expect(ends({ lastLogin: new Date(0) })).toBe(true);
    expect(ends({ username: 'johnny', isActive: false, firstName: 'John' })).toBe(false);
  });

  it('holds no part of a second, which not every database keeps (A-102)', () => {
    const token = generator().makeToken(john({ lastLogin: new Date('2026-01-02T03:04:05.678Z') }));
    expect(generator().checkToken(john({ lastLogin: new Date('2026-01-02T03:04:05.000Z') }), token)).toBe(true);
  });

  it('is taken with a secret of before, and made with the present one (A-103)', () => {
    const rotated = generator({ secretKey: 'new', secretKeyFallbacks: ['older', secretKey] });
    expect(rotated.checkToken(john(), TOKEN)).toBe(true);
    expect(rotated.makeToken(john())).toBe(generator({ secretKey: 'new' }).makeToken(john()));
    expect(generator({ secretKey: 'new', secretKeyFallbacks: ['older'] }).checkToken(john(), TOKEN)).toBe(false);
  });

  it("counts the local time of Django's server, summer or winter (A-106)", () => {
    const stamp = (time: string, timeZone: string): number => {
      const made = generator({ clock: new FixedClock(new Date(time)), timeZone }).makeToken(john());
      return EPOCH + Number.parseInt(made.split('-')[0]!, 36) * 1000;
    };
    const shown = (time: string, timeZone: string): string => new Date(stamp(time, timeZone)).toISOString();
    expect(shown('2026-01-15T12:00:00Z', 'Europe/Berlin')).toBe('2026-01-15T13:00:00.000Z');
    expect(shown('2026-07-15T12:00:00Z', 'Europe/Berlin')).toBe('2026-07-15T14:00:00.000Z');
    expect(shown('2026-07-15T00:30:00.999Z', 'America/St_Johns')).toBe('2026-07-14T22:00:00.000Z');
    expect(shown('2026-01-15T23:59:59Z', 'UTC')).toBe('2026-01-15T23:59:59.000Z');
    expect(shown('2026-01-15T23:59:59.999Z', '+05:30')).toBe('2026-01-16T05:29:59.000Z');
    expect(shown('2026-01-15T00:00:00Z', '-03:00')).toBe('2026-01-14T21:00:00.000Z');
  });

  it('is of no use to a site in another time zone', () => {
    const token = generator({ timeZone: 'Asia/Tokyo', passwordResetTimeout: 60 }).makeToken(john());
    expect(generator({ timeZone: 'Asia/Tokyo', passwordResetTimeout: 60 }).checkToken(john(), token)).toBe(true);
    expect(generator({ timeZone: 'America/New_York', passwordResetTimeout: 60 }).checkToken(john(), token)).toBe(true);
    const fromWest = generator({ timeZone: 'America/New_York', passwordResetTimeout: 60 }).makeToken(john());
    expect(generator({ timeZone: 'Asia/Tokyo', passwordResetTimeout: 60 }).checkToken(john(), fromWest)).toBe(false);
  });

  it('may have another purpose, and then is no good for this one', () => {
    class ActivationTokens extends PasswordResetTokenGenerator<User> {
      override readonly keySalt = 'activation';
      protected override makeHashValue(user: User, timestamp: number): string {
        return `${super.makeHashValue(user, timestamp)}${String(user.isActive)}`;
      }
    }
    const tokens = new ActivationTokens(generator()['settings']);
    const token = tokens.makeToken(john({ isActive: false }));
    expect(tokens.checkToken(john({ isActive: false }), token)).toBe(true);
    expect(tokens.checkToken(john({ isActive: true }), token)).toBe(false);
    expect(generator().checkToken(john({ isActive: false }), token)).toBe(false);
  });

  it('goes by the address that the class of the user names', () => {
    class Member {
      static readonly EMAIL_FIELD = 'mail';
      readonly pk = 42;
      readonly password = john().password;
      constructor(readonly mail: string | null) {}
    }
    expect(generator().makeToken(new Member('john@example.com'))).toBe(TOKEN);
    expect(generator().checkToken(new Member(null), TOKEN)).toBe(false);
  });

  it('needs a secret', () => {
    for (const missing of [{ secretKey: null }, { secretKey: '' }]) {
      expect(() => generator(missing)).toThrow(ImproperlyConfigured);
      expect(() => generator(missing)).toThrow('secretKey');
    }
  });

  it('needs a time zone that there is', () => {
    for (const timeZone of ['Mars/Olympus', '', '+5', '+24:00']) {
      expect(() => generator({ timeZone })).toThrow(ImproperlyConfigured);
    }
  });
});

describe('the user in a link', () => {
  it.each([
    [42, 'NDI'],
    [1, 'MQ'],
    ['b5d2b6f2-1c1e-4a4e-9c55-0d3b1e0f9b1a', 'YjVkMmI2ZjItMWMxZS00YTRlLTljNTUtMGQzYjFlMGY5YjFh'],
    ['Jürgen', 'SsO8cmdlbg'],
    ['>>>???', 'Pj4-Pz8_'],
    [2n ** 63n, 'OTIyMzM3MjAzNjg1NDc3NTgwOA'],
  ])('is %s in base64 (A-105)', (pk, uid) => {
    expect(encodeUid(pk)).toBe(uid);
    expect(decodeUid(uid)).toBe(String(pk));
  });

  it('is read with padding too, and never guessed (A-105)', () => {
    expect(decodeUid('MQ==')).toBe('1');
    expect(decodeUid('')).toBe('');
    expect(decodeUid('éMAA')).toBe('0\0');
    for (const bad of ['A', 'NDIxN', '_w', 'éM/', 'MQé']) expect(decodeUid(bad)).toBeNull();
  });
});
