import { describe, expect, it } from '@jest/globals';
import {
  AllowAllUsersModelBackend,
  AuthTokenSerializer,
  authtoken,
  BasicAuthentication,
  defineSettings,
  extendSettings,
  ImproperlyConfigured,
  IsAdminUser,
  ObtainAuthToken,
  obtainAuthToken,
  Response,
  TokenAuthentication,
  ValidationError,
} from 'sallyport';
import type { AuthTokenData, Request, SerializerContext, Settings, Token, User } from 'sallyport';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { call, errorLog } from '../../support/server';

async function world(options: { readonly lenient?: boolean } = {}) {
  const users = new MemoryUserStore({
    hashers: fastPasswordHashers,
    ...(options.lenient === true && {
      backends: (store) => [new AllowAllUsersModelBackend(store, { hashers: fastPasswordHashers })],
    }),
  });
  const ann = await users.createUser({ username: 'ann', password: ' secret ' });
  await users.createUser({ username: 'idle', password: 'secret', isActive: false });
  await users.createUser({ username: '42', password: '43' });
  const store = new MemoryTokenStore<Token<User>>();
  const settings = defineSettings(
    { users, defaultAuthenticationClasses: [BasicAuthentication], defaultPermissionClasses: [IsAdminUser] },
    authtoken({ store }),
  );
  const post = async (body: unknown, headers = {}, from: Settings = settings): Promise<unknown[]> => {
    const answer = await call(obtainAuthToken(from), { method: 'POST', body, headers });
    return [answer.status, answer.text];
  };
  return { users, ann, store, settings, post };
}
const right = { username: 'ann', password: ' secret ' };

describe('ObtainAuthToken', () => {
  it('D-202, S-080, S-082: answers with the token of the user, the same each time', async () => {
    const { post, store, ann } = await world();
    const first = await post(right);
    const [token] = await store.getOrCreate(ann);
    expect(first).toEqual([200, `{"token":"${token.key}"}`]);
    expect(await post(right)).toEqual(first);
  });

  it('D-200, S-083, S-085: takes forms too, answers POST and OPTIONS, and lets everybody in, whatever the settings say', async () => {
    const { settings, post } = await world();
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await post('username=ann&password=+secret+', form))[0]).toBe(200);
    const refused = await call(obtainAuthToken(settings));
    expect([refused.status, refused.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect((await call(obtainAuthToken(settings), { method: 'OPTIONS' })).json.name).toBe('Obtain Auth Token');
    expect((await post('x', { 'Content-Type': 'text/plain' }))[0]).toBe(415);
  });

  it('D-210, D-330: OPTIONS tells what it takes', async () => {
    const { settings } = await world();
    const answer = await call(obtainAuthToken(settings), { method: 'OPTIONS' });
    expect(answer.json).toEqual({
      name: 'Obtain Auth Token',
      description: '',
      renders: ['application/json'],
      parses: ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'],
      actions: {
        POST: {
          username: { type: 'string', required: true, read_only: false, label: 'Username' },
          password: { type: 'string', required: true, read_only: false, label: 'Password' },
          token: { type: 'string', required: false, read_only: true, label: 'Token' },
        },
      },
    });
    expect(Object.keys(answer.json.actions.POST.username)).toEqual(['type', 'required', 'read_only', 'label']);
  });

  it('D-201: wrong credentials in the header fail first', async () => {
    const { post } = await world();
    expect(await post(right, { Authorization: 'Basic x' })).toEqual([
      401,
      '{"detail":"Invalid basic header. Credentials not correctly base64 encoded."}',
    ]);
  });

  it('D-203: wrong credentials and inactive users look the same', async () => {
    const expected = [400, '{"non_field_errors":["Unable to log in with provided credentials."]}'];
    for (const lenient of [false, true]) {
      const { post } = await world({ lenient });
      expect(await post({ ...right, password: 'wrong' })).toEqual(expected);
      expect(await post({ username: 'nobody', password: 'secret' })).toEqual(expected);
      expect(await post({ username: 'idle', password: 'secret' })).toEqual(expected);
    }
  });

  it('D-207: the name is trimmed, the password is not', async () => {
    const { post } = await world();
    expect((await post({ ...right, username: '  ann\n' }))[0]).toBe(200);
    expect((await post({ ...right, password: 'secret' }))[0]).toBe(400);
    const { post: again } = await world();
    expect(await again({ username: 'ann', password: ' ' })).toEqual([
      400,
      '{"non_field_errors":["Unable to log in with provided credentials."]}',
    ]);
  });

  it.each([
    [{}, '{"username":["This field is required."],"password":["This field is required."]}'],
    [{ username: 'ann' }, '{"password":["This field is required."]}'],
    [
      { username: '', password: '' },
      '{"username":["This field may not be blank."],"password":["This field may not be blank."]}',
    ],
    [{ username: '  ', password: 'x' }, '{"username":["This field may not be blank."]}'],
    [
      { username: null, password: null },
      '{"username":["This field may not be null."],"password":["This field may not be null."]}',
    ],
    [{ username: true, password: ['x'] }, '{"username":["Not a valid string."],"password":["Not a valid string."]}'],
    [{ username: {}, password: 'x' }, '{"username":["Not a valid string."]}'],
    [{ username: 'a\0', password: 'x' }, '{"username":["Null characters are not allowed."]}'],
    ['"text"', '{"non_field_errors":["Invalid data. Expected a dictionary, but got str."]}'],
    ['[]', '{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}'],
    ['5', '{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}'],
    ['5.5', '{"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}'],
    ['true', '{"non_field_errors":["Invalid data. Expected a dictionary, but got bool."]}'],
    ['null', '{"non_field_errors":["No data provided"]}'],
    ['{"username":"\\ud800","password":"x"}', '{"username":["Surrogate characters are not allowed: U+D800."]}'],
    [
      '{"__proto__":{"username":"ann","password":" secret "}}',
      '{"username":["This field is required."],"password":["This field is required."]}',
    ],
  ])('D-204 to D-206: %j', async (body, expected) => {
    const { post } = await world();
    expect(await post(body, { 'Content-Type': 'application/json' })).toEqual([400, expected]);
  });

  it('D-205: numbers become text', async () => {
    const { post } = await world();
    expect((await post({ username: 42, password: 43 }))[0]).toBe(200);
  });

  it('D-206: the key of errors without a field is a setting', async () => {
    const { post, settings } = await world();
    const other = extendSettings(settings, { nonFieldErrorsKey: 'all' });
    expect(await post('null', { 'Content-Type': 'application/json' }, other)).toEqual([
      400,
      '{"all":["No data provided"]}',
    ]);
  });

  it('a broken body is a parse error', async () => {
    const { post } = await world();
    const [status, text] = await post('{', { 'Content-Type': 'application/json' });
    expect([status, JSON.parse(text as string)]).toEqual([
      400,
      { detail: expect.stringMatching(/^JSON parse error - /) },
    ]);
  });

  it('D-209, S-087, S-088: is extended by a subclass, as in the guide', async () => {
    class CustomAuthToken extends ObtainAuthToken<User> {
      override async post(request: Request<User>): Promise<Response> {
        const serializer = this.getSerializer(request.data);
        await serializer.isValid({ raiseException: true });
        const { user } = serializer.validatedData;
        const [token] = await this.store.getOrCreate(user);
        return new Response({ token: token.key, user_id: user.pk });
      }
    }
    const { settings, ann } = await world();
    const answer = await call(CustomAuthToken.asView({ settings }), { method: 'POST', body: right });
    expect(answer.json).toEqual({ token: expect.any(String), user_id: ann.pk });
  });

  it('D-209: takes a serializer of its own', async () => {
    class ByMail extends AuthTokenSerializer<User> {
      protected override async authenticate(username: string): Promise<User | null> {
        return (await this.context.settings.users!.getByNaturalKey(username.split('@')[0]!)) as User | null;
      }
    }
    class MailToken extends ObtainAuthToken<User> {
      override get serializerClass(): typeof AuthTokenSerializer<User> {
        return ByMail;
      }
    }
    const { settings } = await world();
    const view = MailToken.asView({ settings });
    expect((await call(view, { method: 'POST', body: { username: 'ann@example.com', password: 'x' } })).status).toBe(
      200,
    );
  });

  it('needs both tables, and says so before the first request', async () => {
    const { users, store } = await world();
    expect(() => obtainAuthToken(defineSettings())).toThrow(ImproperlyConfigured);
    expect(() => obtainAuthToken(defineSettings({}, authtoken({ store })))).toThrow(
      'ObtainAuthToken needs the user table',
    );
    expect(() => obtainAuthToken(defineSettings({ users }))).toThrow("The settings of 'authtoken' lack 'store'.");
  });

  it('D-211: obtainAuthToken is the view as a handler', async () => {
    const { settings } = await world();
    expect(obtainAuthToken(settings).viewClass).toBe(ObtainAuthToken);
  });

  it('S-061, S-080: the token that it gives opens a view', async () => {
    const { settings, post } = await world();
    const { token } = JSON.parse((await post(right))[1] as string) as { token: string };
    class Who extends ObtainAuthToken<User> {
      override async post(request: Request<User>): Promise<Response> {
        return new Response(request.user?.pk);
      }
    }
    const view = Who.asView({ settings, authenticationClasses: [TokenAuthentication] });
    expect((await call(view, { method: 'POST', headers: { Authorization: `Token ${token}` } })).json).toBe(1);
  });
});

describe('AuthTokenSerializer', () => {
  const serializerOf = async (data: unknown): Promise<AuthTokenSerializer<User>> => {
    const { settings } = await world();
    return new AuthTokenSerializer<User>(data, { settings, request: {} } as unknown as SerializerContext);
  };

  it('says whether the data is valid, and keeps what it found', async () => {
    const serializer = await serializerOf(right);
    expect(await serializer.isValid()).toBe(true);
    const { username, password, user }: AuthTokenData<User> = serializer.validatedData;
    expect([username, password, user.username, serializer.errors]).toEqual(['ann', ' secret ', 'ann', {}]);
  });

  it('has errors with codes, and no data, where it says no', async () => {
    const serializer = await serializerOf({ ...right, password: 'wrong' });
    expect(await serializer.isValid()).toBe(false);
    expect(new ValidationError(serializer.errors).getCodes()).toEqual({ non_field_errors: ['authorization'] });
    expect(() => serializer.validatedData).toThrow('isValid() was not called, or said no.');
    await expect(serializer.isValid({ raiseException: true })).rejects.toThrow(ValidationError);
  });

  it('D-136: is refused as an answer, since it holds the password', async () => {
    class Wrong extends ObtainAuthToken<User> {
      override async post(request: Request<User>): Promise<Response> {
        return new Response(this.getSerializer(request.data));
      }
    }
    const { settings } = await world();
    const { logger, errors } = errorLog();
    const view = Wrong.asView({ settings: extendSettings(settings, { logger }) });
    const answer = await call(view, { method: 'POST', body: right });
    expect([answer.status, answer.text]).toEqual([500, '{"error":"Server Error (500)"}']);
    expect(String(errors)).toContain('A serializer was given to a Response.');
  });

  it('asked twice gives the same errors', async () => {
    const serializer = await serializerOf({});
    expect([await serializer.isValid(), await serializer.isValid()]).toEqual([false, false]);
    expect(new ValidationError(serializer.errors).getCodes()).toEqual({
      username: ['required'],
      password: ['required'],
    });
  });
});
