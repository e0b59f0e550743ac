import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  AnonymousUser,
  CommonPasswordValidator,
  defaultPasswordValidators,
  defineSettings,
  MinimumLengthValidator,
  NumericPasswordValidator,
  passwordChanged,
  passwordValidatorsHelpTextHtml,
  passwordValidatorsHelpTexts,
  User,
  UserAttributeSimilarityValidator,
  validatePassword,
  ValidationError,
  type ErrorDetail,
  type PasswordValidator,
} from 'sallyport';

const john = Object.assign(new User(), {
  username: 'john.lennon',
  firstName: 'John',
  lastName: 'Lennon',
  email: 'jlennon@beatles.example',
});

type Found = [text: string, code: string][];

/** What the validators say about a password. */
async function faultsOf(
  password: string,
  user?: object | null,
  validators?: readonly PasswordValidator[],
): Promise<Found> {
  try {
    await validatePassword(password, user, validators);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return ((error as ValidationError).detail as ErrorDetail[]).map((detail) => [String(detail), detail.code]);
  }
}

const TOO_SHORT = ['This password is too short. It must contain at least 8 characters.', 'password_too_short'];
const TOO_COMMON = ['This password is too common.', 'password_too_common'];
const NUMERIC = ['This password is entirely numeric.', 'password_entirely_numeric'];
const similarTo = (name: string): [string, string] => [
  `The password is too similar to the ${name}.`,
  'password_too_similar',
];

describe('validatePassword', () => {
  it.each<[string, unknown[]]>([
    ['Tr0ub4dor&3', []],
    ['', [TOO_SHORT]],
    ['1234567', [TOO_SHORT, TOO_COMMON, NUMERIC]],
    ['12345678', [TOO_COMMON, NUMERIC]],
    ['jlennon', [similarTo('username'), TOO_SHORT]],
  ])('says all that is wrong with %j, in the order of the validators (A-060)', async (password, faults) => {
    expect(await faultsOf(password, john)).toEqual(faults);
  });

  it("is DRF's error, so that a view may put it under its field (A-060)", async () => {
    const error: unknown = await validatePassword('1234567').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ statusCode: 400 });
    expect(JSON.stringify({ password: (error as ValidationError).detail })).toBe(
      `{"password":["${TOO_SHORT[0]!}","${TOO_COMMON[0]!}","${NUMERIC[0]!}"]}`,
    );
  });

  it('knows nobody where no user is given', async () => {
    expect(await faultsOf('john.lennon')).toEqual([]);
    expect(await faultsOf('john.lennon', null)).toEqual([]);
    expect(await faultsOf('john.lennon', new AnonymousUser())).toEqual([]);
  });

  it('asks the validators of the app', async () => {
    expect(await faultsOf('short', john, [])).toEqual([]);
    expect(defineSettings().passwordValidators).toBe(defaultPasswordValidators);
    const { passwordValidators } = defineSettings({
      passwordValidators: [new MinimumLengthValidator({ minLength: 12 })],
    });
    expect(await faultsOf('password', john, passwordValidators)).toEqual([
      ['This password is too short. It must contain at least 12 characters.', 'password_too_short'],
    ]);
  });

  it('takes validators of your own, asynchronous ones too, and lets their bugs through', async () => {
    const breached: PasswordValidator = {
      validate: async () => {
        await Promise.resolve();
        throw new ValidationError(['Seen in a breach.', 'More than once.'], 'breached');
      },
      getHelpText: () => 'Not <one> that was seen in a breach.',
    };
    expect(await faultsOf('12', null, [breached, new NumericPasswordValidator()])).toEqual([
      ['Seen in a breach.', 'breached'],
      ['More than once.', 'breached'],
      NUMERIC,
    ]);
    const broken = { ...breached, validate: () => Promise.reject(new TypeError('no network')) };
    await expect(validatePassword('12', null, [broken])).rejects.toThrow(TypeError);
  });
});

describe('passwordChanged', () => {
  it('tells those who want to know (A-017, A-060)', async () => {
    const heard: unknown[] = [];
    const history: PasswordValidator = {
      validate: () => undefined,
      getHelpText: () => '',
      passwordChanged: async (password, user) => {
        await Promise.resolve();
        heard.push([password, user]);
      },
    };
    await passwordChanged('secret', john, [new MinimumLengthValidator(), history]);
    await passwordChanged('secret');
    expect(heard).toEqual([['secret', john]]);
  });
});

describe('the texts that help to choose', () => {
  it("are Django's (A-060)", () => {
    expect(passwordValidatorsHelpTexts()).toEqual([
      'Your password can’t be too similar to your other personal information.',
      'Your password must contain at least 8 characters.',
      'Your password can’t be a commonly used password.',
      'Your password can’t be entirely numeric.',
    ]);
    expect(passwordValidatorsHelpTexts([new MinimumLengthValidator({ minLength: 1 })])).toEqual([
      'Your password must contain at least 1 character.',
    ]);
  });

  it('are a list in HTML', () => {
    const own: PasswordValidator = { validate: () => undefined, getHelpText: () => 'No <b>' };
    expect(passwordValidatorsHelpTextHtml([own, new NumericPasswordValidator()])).toBe(
      '<ul><li>No &lt;b&gt;</li><li>Your password can’t be entirely numeric.</li></ul>',
    );
    expect(passwordValidatorsHelpTextHtml([])).toBe('');
  });
});

describe('MinimumLengthValidator', () => {
  it('counts characters, in the singular too (A-056)', async () => {
    expect(await faultsOf('', null, [new MinimumLengthValidator({ minLength: 1 })])).toEqual([
      ['This password is too short. It must contain at least 1 character.', 'password_too_short'],
    ]);
    const three = [new MinimumLengthValidator({ minLength: 3 })];
    expect(await faultsOf('😀😀', null, three)).toHaveLength(1);
    expect(await faultsOf('😀😀😀', null, three)).toEqual([]);
  });
});

describe('UserAttributeSimilarityValidator', () => {
  const similarity = [new UserAttributeSimilarityValidator()];

  it.each([
    ['john.lennon', 'username'],
    ['JOHN.LENNON1', 'username'],
    ['lennonjohn', 'username'],
    ['lennon99', 'username'],
    ['beatles.example', 'email address'],
  ])('finds the user in %s, and says where once (A-057)', async (password, name) => {
    expect(await faultsOf(password, john, similarity)).toEqual([similarTo(name)]);
  });

  it('names each field as people do (A-057)', async () => {
    const only = (fields: object): Promise<Found> => faultsOf('sgt.pepper', fields, similarity);
    expect(await only({ firstName: 'Pepper' })).toEqual([similarTo('first name')]);
    expect(await only({ lastName: 'Pepper' })).toEqual([similarTo('last name')]);
    expect(await only({ email: 'pepper@example.com' })).toEqual([similarTo('email address')]);
    expect(await only({ username: null, firstName: '', lastName: 7 })).toEqual([]);
    const band = [new UserAttributeSimilarityValidator({ userAttributes: ['nameOfBand'] })];
    expect(await faultsOf('sgt.pepper', { nameOfBand: 'Sgt Pepper', username: 'sgt.pepper' }, band)).toEqual([
      similarTo('name of band'),
    ]);
  });

  it('is as strict as it is told to be (A-057)', async () => {
    const atMost = (maxSimilarity: number): Promise<Found> =>
      faultsOf('testclient', { firstName: 'testclien' }, [new UserAttributeSimilarityValidator({ maxSimilarity })]);
    expect(await atMost(1)).toEqual([]);
    expect(await atMost(0.9)).toHaveLength(1);
    expect(() => new UserAttributeSimilarityValidator({ maxSimilarity: 0.09 })).toThrow(RangeError);
    expect(() => new UserAttributeSimilarityValidator({ maxSimilarity: NaN })).toThrow(RangeError);
  });

  it('does not compare what is tenfold as long (A-057)', async () => {
    expect(await faultsOf(`${'a'.repeat(10)}`, { username: 'a' }, similarity)).toEqual([]);
    const strict = [new UserAttributeSimilarityValidator({ maxSimilarity: 0.1 })];
    expect(await faultsOf('a'.repeat(10), { username: 'ab' }, strict)).toHaveLength(1);
    expect(await faultsOf('a'.repeat(100), { username: 'ab' }, strict)).toEqual([]);
  });

  it('takes no time for a password as long as a body may be', async () => {
    const before = performance.now();
    await faultsOf(`${'x y '.repeat(250_000)}z`, { ...john, email: `${'a.'.repeat(127)}@example.com` }, similarity);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});

describe('CommonPasswordValidator', () => {
  const common = [new CommonPasswordValidator()];
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-passwords-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(['password', 'PassWord1', 'trustno1', '   qwertyuiop\t', '\x1c\u3000iloveyou\x85'])(
    "finds %j in Django's list (A-058)",
    async (password) => {
      expect(await faultsOf(password, null, common)).toEqual([TOO_COMMON]);
    },
  );

  it('has nothing against others (A-058)', async () => {
    for (const password of ['middle-earth', 'password-', '\ufeffpassword', '']) {
      expect(await faultsOf(password, null, common)).toEqual([]);
    }
  });

  it('takes no time for a long row of blanks', async () => {
    const before = performance.now();
    await faultsOf(`a${' '.repeat(1_000_000)}a`, null, common);
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['compressed', (text: string) => gzipSync(text)],
  ])('takes another list, %s, and reads it once', async (name, write) => {
    const passwordListPath = join(folder, name);
    writeFileSync(passwordListPath, write('from my list\nälso\n'));
    const own = [new CommonPasswordValidator({ passwordListPath })];
    const read = jest.spyOn(fs, 'readFileSync');
    expect(read).not.toHaveBeenCalled();
    for (let time = 0; time < 2; time++) {
      expect(await faultsOf('From My List', null, own)).toEqual([TOO_COMMON]);
      expect(await faultsOf('Älso', null, own)).toEqual([TOO_COMMON]);
      expect(await faultsOf('password', null, own)).toEqual([]);
    }
    expect(read.mock.calls.filter(([path]) => path === passwordListPath)).toHaveLength(1);
    read.mockRestore();
  });
});

describe('NumericPasswordValidator', () => {
  const numeric = [new NumericPasswordValidator()];

  it.each(['0', '42424242', '١٢٣', '４２', '①②', '10²'])('refuses %s (A-059)', async (password) => {
    expect(await faultsOf(password, null, numeric)).toEqual([NUMERIC]);
  });

  it.each(['', '42a', '-1', '1.5', 'Ⅷ', '½', '4 2'])('has nothing against %j (A-059)', async (password) => {
    expect(await faultsOf(password, null, numeric)).toEqual([]);
  });
});
