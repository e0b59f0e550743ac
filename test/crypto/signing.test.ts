import { describe, expect, it } from '@jest/globals';
import {
  BadSignature,
  decodeBase62,
  dumps,
  encodeBase62,
  getCookieSigner,
  loads,
  saltedHmac,
  SignatureExpired,
  Signer,
  TimestampSigner,
} from '../../src/crypto/signing';

const key = 'sallyport-test-secret-key-0123456789';
const now = 1_700_000_000;
const clock = { now: () => now * 1000 };
const later = (seconds: number): { now(): number } => ({ now: () => (now + seconds) * 1000 });

describe('saltedHmac', () => {
  it('gives the values of Django (A-019, A-065)', () => {
    expect(saltedHmac('ns', 'value', { secret: key }).toString('hex')).toBe(
      '40490817c41cd8d36e6c59e16170f30e83279d9f2ce3f4d3a2959dfafe96ac38',
    );
  });

  it('takes bytes for texts, and other digests', () => {
    const bytes = saltedHmac(Buffer.from('ns'), 'value', { secret: Buffer.from(key) });
    expect(bytes).toEqual(saltedHmac('ns', 'value', { secret: key }));
    expect(saltedHmac('ns', 'value', { secret: key, algorithm: 'sha1' })).toHaveLength(20);
  });

  it('has no key that anybody could guess', () => {
    expect(() => saltedHmac('ns', 'value', { secret: '' })).toThrow(RangeError);
    expect(() => new Signer({ key: '' })).toThrow(RangeError);
    expect(() => new Signer({ key, fallbackKeys: [''] })).toThrow(RangeError);
  });
});

describe('an empty salt', () => {
  // Recorded from Django: Signer(salt='').sign('v') and dumps(1, salt='').
  const recorded = { key: 'k'.repeat(10), salt: '' };

  it('is that of the class, as in Django', () => {
    expect(new Signer(recorded).sign('v')).toBe('v:B84GHTJ8Rkjg6-FMziVocXoRMNNGUp3qadUAuLrlC40');
    const signed = dumps(1, { ...recorded, clock: { now: () => 1_772_366_400_000 } });
    expect(signed).toBe('MQ:1vwfSq:tTKD7lajYAbjWkpTsyfNpw1wZG2OQ3G4GdA42yhp7Dg');
  });
});

describe('base 62', () => {
  it.each([
    [0, '0'],
    [61, 'z'],
    [62, '10'],
    [1_700_000_000, '1r31eq'],
    [-62, '-10'],
    [2 ** 40, 'JMAIjoW'],
  ])('writes and reads %p as %p (A-066)', (number, text) => {
    expect(encodeBase62(number)).toBe(text);
    expect(decodeBase62(text)).toBe(number);
  });

  it.each(['', '-', '1 ', 'é', '1.5', '+1'])('does not read %j', (text) => {
    expect(decodeBase62(text)).toBeNaN();
  });
});

describe('Signer', () => {
  const signer = new Signer({ key: 'predictable-secret' });

  it('reads what it signs', () => {
    for (const value of ['hello', '', 'a:b:c', '3098247:529:087:', 'ümlaut ☃']) {
      const signed = signer.sign(value);
      expect(signed.startsWith(`${value}:`)).toBe(true);
      expect(signer.unsign(signed)).toBe(value);
    }
  });

  it('refuses what was changed, cut or signed for another purpose', () => {
    const signed = signer.sign('hello');
    const others = [new Signer({ key: 'predictable-secret', salt: 'other' }), new Signer({ key: 'another' })];
    for (const other of others) expect(() => other.unsign(signed)).toThrow(BadSignature);
    const forged = [signed.replace('h', 'H'), signed.slice(0, -1), `${signed}A`, 'hello', 'hello:', ':', ''];
    for (const text of forged) expect(() => signer.unsign(text)).toThrow(BadSignature);
  });

  it('tells neither value nor signature in its errors', () => {
    expect(() => signer.unsign('hello:secretsignature')).toThrow(/^(?!.*secretsignature)/);
  });

  it('signs with the first key, and reads what a former one has signed (A-067)', () => {
    const old = new Signer({ key: 'old' }).sign('hello');
    const rotated = new Signer({ key: 'new', fallbackKeys: ['older', 'old'] });
    expect(rotated.unsign(old)).toBe('hello');
    expect(rotated.sign('hello')).toBe(new Signer({ key: 'new' }).sign('hello'));
    expect(() => new Signer({ key: 'new', fallbackKeys: ['older'] }).unsign(old)).toThrow(BadSignature);
  });

  it('takes another separator, but none that a signature may hold', () => {
    const dotted = new Signer({ key, sep: '/' });
    expect(dotted.unsign(dotted.sign('a:b'))).toBe('a:b');
    for (const sep of ['', 'a', '-', '_', '=', 'abc']) expect(() => new Signer({ key, sep })).toThrow('Unsafe Signer');
  });

  it('has the salt of the class of that name, so that Django reads it', () => {
    // Recorded from Django: Signer().sign('hello') and TimestampSigner().sign('hello').
    const secret = 'sallyport-interop-secret-key-0123456789abcdef';
    expect(new Signer({ key: secret }).sign('hello')).toBe('hello:Sv8ngOnUeUnTTgdWW1jJhwg75wZD-vIC5RbAsrq5K10');
    expect(new TimestampSigner({ key: secret, clock: { now: () => 1_772_366_400_000 } }).sign('hello')).toBe(
      'hello:1vwfSq:ffrbkkvsAFba1yFkIGTprMc2iERRSKm12tKrCZ0FuEA',
    );
  });
});

describe('TimestampSigner', () => {
  const signed = new TimestampSigner({ key, clock }).sign('hello');

  it('counts the whole seconds of its clock', () => {
    expect(new TimestampSigner({ key, clock: { now: () => now * 1000 + 999 } }).sign('hello')).toBe(signed);
  });

  it('has a signature end when it is older than asked', () => {
    const unsign = (age: number, maxAge?: number): string =>
      new TimestampSigner({ key, clock: later(age) }).unsign(signed, { maxAge });
    expect(unsign(10_000_000)).toBe('hello');
    expect(unsign(100, 100)).toBe('hello');
    expect(() => unsign(100.001, 100)).toThrow(SignatureExpired);
    expect(() => unsign(101, 100)).toThrow(BadSignature);
  });

  it('refuses a signature without a time', () => {
    const salt = 'shared';
    const untimed = new Signer({ key, salt });
    const signer = new TimestampSigner({ key, salt, clock });
    for (const value of ['hello', 'hello:', 'hello:!']) {
      expect(() => signer.unsign(untimed.sign(value))).toThrow(BadSignature);
    }
  });
});

describe('dumps and loads', () => {
  it.each<[unknown, string]>([
    [{}, 'e30:1r31eq:'],
    [{ k: 'é€' }, 'eyJrIjoiXHUwMGU5XHUyMGFjIn0:1r31eq:'],
  ])('writes %j as JSON in ASCII, in base64 for URLs (A-064, A-066)', (value, start) => {
    const signed = dumps(value, { key, clock });
    expect(signed.startsWith(start)).toBe(true);
    expect(loads(signed, { key, clock })).toEqual(value);
  });

  it('escapes what Python escapes', () => {
    const text = '\x7f\u2028"\\/\b\x1f😀';
    const [payload] = dumps({ x: text }, { key, clock }).split(':');
    expect(payload).toBe('eyJ4IjoiXHUwMDdmXHUyMDI4XCJcXC9cYlx1MDAxZlx1ZDgzZFx1ZGUwMCJ9');
  });

  it('writes numbers as Python does, and loses no digit of those that Python has written (A-066)', () => {
    const signed = dumps({ n: [1e-7, 0.00001, 2n ** 60n, NaN] }, { key, clock });
    const json = Buffer.from(signed.split(':')[0]!, 'base64url').toString();
    expect(json).toBe('{"n":[1e-07,1e-05,1152921504606846976,NaN]}');
    expect(loads(signed, { key, clock })).toEqual({ n: [1e-7, 0.00001, 2n ** 60n, NaN] });
  });

  it('compresses only where that is shorter (A-064)', () => {
    const long = 'a'.repeat(500);
    const signed = dumps(long, { key, clock, compress: true });
    expect(signed.startsWith('.')).toBe(true);
    expect(signed.length).toBeLessThan(200);
    expect(loads(signed, { key, clock })).toBe(long);
    expect(dumps('a', { key, clock, compress: true })).toBe(dumps('a', { key, clock }));
    expect(dumps(long, { key, clock }).startsWith('.')).toBe(false);
  });

  it('writes and reads by a serializer of the app', () => {
    const serializer = {
      dumps: (value: unknown): string => `ä${String(value)}`,
      loads: (text: string): unknown => BigInt(text.slice(1)),
    };
    const signed = dumps(2n ** 60n, { key, clock, serializer });
    expect(Buffer.from(signed.split(':')[0]!, 'base64url').toString()).toBe('ä1152921504606846976');
    expect(loads(signed, { key, clock, serializer })).toBe(2n ** 60n);
  });

  it('reads by the salt that was given, its time limit and its former keys', () => {
    const signed = dumps([1], { key, clock, salt: 'purpose' });
    expect(() => loads(signed, { key, clock })).toThrow(BadSignature);
    expect(() => loads(signed, { key, clock: later(2), salt: 'purpose', maxAge: 1 })).toThrow(SignatureExpired);
    expect(loads(signed, { key: 'new', fallbackKeys: [key], clock, salt: 'purpose' })).toEqual([1]);
  });
});

describe('getCookieSigner', () => {
  // Recorded from Django: response.set_signed_cookie('pref', 'dark') and the same with salt='extra'.
  const recorded = {
    key: 'sallyport-interop-secret-key-0123456789abcdef',
    clock: { now: () => 1_772_366_400_000 },
  };

  it('signs cookies as Django does', () => {
    expect(getCookieSigner({ ...recorded, salt: 'pref' }).sign('dark')).toBe(
      'dark:1vwfSq:0KOvw4PN2Ec6DxbSAS7vCfLzCJeJDXRe_dGUcZGkh4E',
    );
    expect(getCookieSigner({ ...recorded, salt: 'prefextra' }).sign('dark')).toBe(
      'dark:1vwfSq:IOLQXyRxnt24l-wdSUJwcemnT4FAt7A9gSs8p3mt50Q',
    );
  });

  it('has a key of its own, with former keys too', () => {
    const options = { clock, salt: 'pref' };
    const signed = getCookieSigner({ ...options, key }).sign('dark');
    expect(() => new TimestampSigner({ ...options, key }).unsign(signed)).toThrow(BadSignature);
    expect(getCookieSigner({ ...options, key: 'new', fallbackKeys: [Buffer.from(key)] }).unsign(signed)).toBe('dark');
  });
});
