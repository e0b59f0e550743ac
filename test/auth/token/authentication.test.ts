import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  BaseToken,
  defineSettings,
  ImproperlyConfigured,
  IsAuthenticated,
  Response,
  Token,
  TokenAuthentication,
  User,
} from 'sallyport';
import type { AuthenticationClasses, BaseUser, Request, TokenClass, TokenRecord } from 'sallyport';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { call, errorLog } from '../../support/server';

class ApiToken extends BaseToken<User> {}

async function world() {
  const users = new MemoryUserStore({ hashers: fastPasswordHashers });
  const store = new MemoryTokenStore<TokenRecord<User>>();
  const ann = await users.createUser({ username: 'ann' });
  const idle = await users.createUser({ username: 'idle', isActive: false });
  const [token] = await store.getOrCreate(ann);
  const [idleToken] = await store.getOrCreate(idle);
  const { logger, errors } = errorLog();
  const settings = defineSettings({ users, logger }, authtoken({ store }));
  class Who extends APIView {
    static override settings = settings;
    static override authenticationClasses: AuthenticationClasses = [TokenAuthentication];
    override get(request: Request<User, Token>): Response {
      const { user, auth } = request;
      return new Response([user instanceof User ? user.username : null, auth?.key ?? null]);
    }
  }
  const ask = async (Authorization: string | undefined, view: typeof Who = Who): Promise<unknown[]> => {
    const answer = await call(view.asView(), { headers: Authorization === undefined ? {} : { Authorization } });
    return answer.status === 200 ? answer.json : [answer.status, answer.json.detail];
  };
  return { users, store, ann, token, idleToken, settings, errors, Who, ask };
}

describe('TokenAuthentication', () => {
  it('D-171, S-051, S-061, S-066: knows the owner of a key; auth is the token', async () => {
    const { ask, token } = await world();
    expect(token.key).toMatch(/^[0-9a-f]{40}$/);
    expect(await ask(`Token ${token.key}`)).toEqual(['ann', token.key]);
  });

  it.each(['token', 'TOKEN', 'tOkEn'])('D-150, S-062: the keyword has no case: %s', async (keyword) => {
    const { ask, token } = await world();
    expect(await ask(`${keyword} \t ${token.key} `)).toEqual(['ann', token.key]);
  });

  it('D-151: is not attempted without its keyword', async () => {
    const { ask, token } = await world();
    for (const header of [
      undefined,
      '',
      ' ',
      token.key,
      `Bearer ${token.key}`,
      `Tokens ${token.key}`,
      `Token\u00a0${token.key}`,
    ]) {
      expect([header, ...(await ask(header))]).toEqual([header, null, null]);
    }
  });

  it('D-165, D-166: says what is wrong with a header', async () => {
    const { ask, token } = await world();
    expect(await ask('Token')).toEqual([401, 'Invalid token header. No credentials provided.']);
    for (const header of [`Token ${token.key} x`, 'Token a b', `Token ${token.key},Token x`, 'Token a b c']) {
      expect(await ask(header)).toEqual([401, 'Invalid token header. Token string should not contain spaces.']);
    }
  });

  it('D-167: a key that is no UTF-8 is malformed, one outside ASCII merely unknown', async () => {
    const { ask, token } = await world();
    const bytes = (...values: number[]): string => Buffer.from(values).toString('latin1');
    expect(await ask(`Token ${bytes(0xff, 0xfe)}`)).toEqual([
      401,
      'Invalid token header. Token string should not contain invalid characters.',
    ]);
    expect(await ask(`Token ${bytes(0xc3, 0xbc)}`)).toEqual([401, 'Invalid token.']);
    expect(await ask(`Token ${token.key}\u00a0`)).toMatchObject({ 0: 401 });
  });

  it('D-169: an unknown key', async () => {
    const { ask, token } = await world();
    for (const key of ['x', token.key.toUpperCase(), token.key.slice(1), `${token.key}0`, 'null', '*', "' OR 1=1--"]) {
      expect(await ask(`Token ${key.replaceAll(' ', '')}`)).toEqual([401, 'Invalid token.']);
    }
  });

  it('D-170: an inactive owner', async () => {
    const { ask, idleToken } = await world();
    expect(await ask(`Token ${idleToken.key}`)).toEqual([401, 'User inactive or deleted.']);
  });

  it('D-164, S-052, S-064, S-067: a subclass has a keyword of its own, for matching and as its challenge', async () => {
    class Bearer extends TokenAuthentication {
      override readonly keyword = 'Bearer';
    }
    const { ask, token, Who } = await world();
    class View extends Who {
      static override authenticationClasses: AuthenticationClasses = [Bearer];
    }
    expect(await ask(`bearer ${token.key}`, View)).toEqual(['ann', token.key]);
    expect(await ask(`Token ${token.key}`, View)).toEqual([null, null]);
    const answer = await call(View.asView({ permissionClasses: [IsAuthenticated] }));
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect((await call(Who.asView({ permissionClasses: [IsAuthenticated] }))).headers['www-authenticate']).toBe(
      'Token',
    );
  });

  it('D-168, D-172, S-071: a subclass has a token class of its own, which needs no more than key and user', async () => {
    class Keys extends TokenAuthentication {
      override readonly model: TokenClass = ApiToken;
    }
    const { ask, store, ann, token, Who } = await world();
    const [own] = await store.getOrCreate(ann, ApiToken);
    class View extends Who {
      static override authenticationClasses: AuthenticationClasses = [Keys];
    }
    expect(own).toBeInstanceOf(ApiToken);
    expect(await ask(`Token ${own.key}`, View)).toEqual(['ann', own.key]);
    expect(await ask(`Token ${token.key}`, View)).toEqual([401, 'Invalid token.']);
  });

  it('S-072: isTokenValid may refuse a token that was called back, at once or later', async () => {
    class AtOnce extends TokenAuthentication<User, ApiToken> {
      override readonly model: TokenClass = ApiToken;
      override isTokenValid(token: ApiToken): boolean {
        return !token.revoked;
      }
    }
    class Later extends AtOnce {
      override isTokenValid(token: ApiToken): never {
        return Promise.resolve(!token.revoked) as never;
      }
    }
    class Forgetful extends AtOnce {
      override isTokenValid(): never {
        return undefined as never;
      }
    }
    const { ask, store, ann, Who } = await world();
    const [token] = await store.getOrCreate(ann, ApiToken);
    const status = async (Class: AuthenticationClasses[number]): Promise<unknown> => {
      class View extends Who {
        static override authenticationClasses: AuthenticationClasses = [Class];
      }
      return (await ask(`Token ${token.key}`, View))[0];
    };
    expect([await status(AtOnce), await status(Later), await status(Forgetful)]).toEqual(['ann', 'ann', 401]);
    (token as ApiToken).revoked = true;
    expect([await status(AtOnce), await status(Later)]).toEqual([401, 401]);
  });

  it('S-092: a key is refused from the moment it is replaced', async () => {
    const { ask, store, ann, token } = await world();
    const fresh = await store.replace(ann);
    expect(await ask(`Token ${token.key}`)).toEqual([401, 'Invalid token.']);
    expect(await ask(`Token ${fresh.key}`)).toEqual(['ann', fresh.key]);
  });

  it('D-168: asks the store once', async () => {
    const { Who, token, settings } = await world();
    let asked = 0;
    const real = authtoken.of(settings).store;
    const counting = {
      find: (key: string) => {
        asked++;
        return real.find(key);
      },
    } as never;
    const view = Who.asView({ settings: defineSettings({}, authtoken({ store: counting })) });
    expect((await call(view, { headers: { Authorization: `Token ${token.key}` } })).status).toBe(200);
    expect(asked).toBe(1);
  });

  it('a store that fails is a server error, and so is a token without its user', async () => {
    const { Who, errors, settings } = await world();
    const orphan = { key: 'k', user: undefined as unknown as BaseUser };
    for (const find of [
      () => Promise.reject(new Error('down')),
      () => {
        throw new TypeError('bug');
      },
      () => Promise.resolve(orphan),
    ]) {
      const broken = defineSettings({ logger: settings.logger }, authtoken({ store: { find } as never }));
      const answer = await call(Who.asView({ settings: broken }), { headers: { Authorization: 'Token k' } });
      expect(answer.status).toBe(500);
    }
    expect(errors.map((error) => (error as Error).name)).toEqual([
      'Error',
      'WrappedAttributeError',
      'WrappedAttributeError',
    ]);
  });

  it('S-054: needs a token store where the app names it, and says so before the first request', async () => {
    const { Who } = await world();
    const without = (): unknown => Who.asView({ settings: defineSettings() });
    expect(without).toThrow(ImproperlyConfigured);
    expect(without).toThrow("The settings of 'authtoken' lack 'store'.");
  });
});

describe('Token', () => {
  it('D-191, S-063: makes keys of 20 random bytes as 40 small hexadecimal digits', () => {
    const random = { bytes: (length: number) => Buffer.alloc(length, 0xab) };
    expect(Token.generateKey(random)).toBe('ab'.repeat(20));
    expect(Token.generateKey()).toMatch(/^[0-9a-f]{40}$/);
    expect(new Set(Array.from({ length: 100 }, () => Token.generateKey())).size).toBe(100);
  });

  it('D-195: is written as its key', () => {
    expect(String(Object.assign(new Token(), { key: 'k' }))).toBe('k');
    expect(String(new ApiToken({ key: 'k', user: new User() }))).toBe('k');
  });

  it('S-073: BaseToken has a random key where none is given, and is not called back', () => {
    const token = new ApiToken({ user: new User() });
    expect([token.key.length, token.revoked]).toEqual([40, false]);
    expect(new ApiToken().key).not.toBe(new ApiToken().key);
  });
});
