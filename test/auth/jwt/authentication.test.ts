import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  handle,
  ImproperlyConfigured,
  IsAuthenticated,
  path,
  Response,
  type AuthenticationClasses,
  type PermissionClasses,
  type Request,
  type Settings,
  type User,
} from 'sallyport';
import {
  AccessToken,
  InvalidToken,
  JWTAuthentication,
  JWTAuthenticationFailed,
  JWTStatelessUserAuthentication,
  JWTTokenUserAuthentication,
  RefreshToken,
  SlidingToken,
  TokenUser,
  type Token,
} from 'sallyport/jwt';
import { APIClient, type TestResponse } from 'sallyport/testing';
import { call } from '../../support/server';
import { mutate, numbersFrom } from './protocol/support';
import { openBench, type Bench } from './support';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

function clientOf(settings: Settings, classes: AuthenticationClasses = [JWTAuthentication]): APIClient {
  class Me extends APIView {
    static override authenticationClasses: AuthenticationClasses = classes;
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    override get(request: Request<User>): Response {
      return new Response({ user: String(request.user), claims: (request.auth as Token).payload });
    }
  }
  return new APIClient(handle([path('/me/', Me.asView({ settings }))]));
}

const asking = (client: APIClient, authorization: string): Promise<TestResponse> =>
  client.get('/me/', undefined, { headers: { Authorization: authorization } });

describe('JWTAuthentication', () => {
  it('lets in whom a token names, and keeps the token (J-037, S-136)', async () => {
    const token = await AccessToken.forUser(bench.settings, bench.alice);
    const response = await asking(clientOf(bench.settings), `Bearer ${String(token)}`);
    expect(response.data).toEqual({ user: 'alice', claims: token.payload });
  });

  it.each([
    ['no header', null],
    ['an empty one', ''],
    ['another scheme', 'Token x'],
    ['its own scheme in small letters', 'bearer x'],
  ])('takes %s for no attempt (J-030, J-031, J-032)', async (_what, header) => {
    const client = clientOf(bench.settings);
    const response = header === null ? await client.get('/me/') : await asking(client, header);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(response.data).toEqual({ detail: 'Authentication credentials were not provided.' });
  });

  it.each(['Bearer', 'Bearer a b', 'Bearer a b c'])('refuses %j as no pair of words (J-033)', async (header) => {
    expect((await asking(clientOf(bench.settings), header)).data).toEqual({
      detail: 'Authorization header must contain two space-delimited values',
      code: 'bad_authorization_header',
    });
  });

  it('refuses two such headers, of which a proxy in front may have seen the other one (J-033)', async () => {
    class Me extends APIView {
      static override authenticationClasses: AuthenticationClasses = [JWTAuthentication];
      override get(): Response {
        return new Response({});
      }
    }
    const good = `Bearer ${String(await AccessToken.forUser(bench.settings, bench.alice))}`;
    const answer = await call(Me.asView({ settings: bench.settings }), {
      headers: { Authorization: [good, 'Bearer x'] },
    });
    expect(answer.json).toMatchObject({ code: 'bad_authorization_header' });
  });

  it('takes the words and the header that the settings name (J-034, J-035, J-122, J-123)', async () => {
    const settings = bench.with({ authHeaderTypes: 'JWT', authHeaderName: 'HTTP_X_ACCESS_TOKEN' });
    const token = String(await AccessToken.forUser(settings, bench.alice));
    const client = clientOf(settings);
    expect((await client.get('/me/', undefined, { headers: { 'X-Access-Token': `JWT ${token}` } })).status).toBe(200);
    expect((await asking(client, `JWT ${token}`)).headers.get('www-authenticate')).toBe('JWT realm="api"');
  });

  it('says for each class of tokens why it was not taken (J-036, J-128)', async () => {
    const settings = bench.with({ authTokenClasses: [AccessToken, SlidingToken] });
    const token = String(await RefreshToken.forUser(settings, bench.alice));
    const response = await asking(clientOf(settings), `Bearer ${token}`);
    expect(response.status).toBe(401);
    expect(response.data).toEqual({
      detail: 'Given token not valid for any token type',
      code: 'token_not_valid',
      messages: [
        { token_class: 'AccessToken', token_type: 'access', message: 'Token has wrong type' },
        { token_class: 'SlidingToken', token_type: 'sliding', message: 'Token has wrong type' },
      ],
    });
  });

  it('takes the first class that takes the token, and asks the blacklist for it (J-037)', async () => {
    const settings = bench.with({ authTokenClasses: [AccessToken, SlidingToken] });
    const token = await SlidingToken.forUser(settings, bench.alice);
    expect((await asking(clientOf(settings), `Bearer ${String(token)}`)).status).toBe(200);
    await token.blacklist(bench.alice);
    const refused = await asking(clientOf(settings), `Bearer ${String(token)}`);
    expect(refused.data).toMatchObject({ messages: [{}, { message: 'Token is blacklisted' }] });
  });

  it.each([
    ['nobody (J-038)', {}, 'Token contained no recognizable user identification', 'token_not_valid'],
    ['somebody unknown (J-039)', { user_id: '99' }, 'User not found', 'user_not_found'],
    ['something that is no key (J-185)', { user_id: 'abc' }, 'User not found', 'user_not_found'],
    ['null (J-185)', { user_id: null }, 'User not found', 'user_not_found'],
    ['a list (J-185)', { user_id: ['1'] }, 'User not found', 'user_not_found'],
    ['somebody inactive (J-040, J-180)', { user_id: '2' }, 'User is inactive', 'user_inactive'],
  ])('refuses a token that names %s', async (_what, claims, detail, code) => {
    const token = new AccessToken(bench.settings);
    for (const [claim, value] of Object.entries(claims)) token.set(claim, value);
    const response = await asking(clientOf(bench.settings), `Bearer ${String(token)}`);
    expect([response.status, response.data]).toEqual([401, { detail, code }]);
  });

  it('takes numbers as keys, which older tokens have (J-062)', async () => {
    const token = new AccessToken(bench.settings);
    token.set('user_id', 1);
    expect((await asking(clientOf(bench.settings), `Bearer ${String(token)}`)).status).toBe(200);
  });

  it.each(['username', 'email'])(
    'finds users by their %s where tokens name that (J-124, J-158)',
    async (userIdField) => {
      bench.alice.email = 'alice@example.com';
      const settings = bench.with({ userIdField, userIdClaim: 'sub' });
      const token = await AccessToken.forUser(settings, bench.alice);
      expect((await asking(clientOf(settings), `Bearer ${String(token)}`)).data).toMatchObject({ user: 'alice' });
    },
  );

  it('finds nobody by a field that does not tell users apart (J-124)', async () => {
    const settings = bench.with({ userIdField: 'firstName' });
    const token = String(await AccessToken.forUser(settings, bench.alice));
    expect((await asking(clientOf(settings), `Bearer ${token}`)).data).toMatchObject({ code: 'user_not_found' });
  });

  it('says so where the store of users finds none by such a field (J-124)', async () => {
    const { get, getByNaturalKey } = bench.users;
    const users = { get, getByNaturalKey, authenticate: () => null };
    const settings = bench.with({ userIdField: 'email' }, { users });
    const token = String(await AccessToken.forUser(settings, bench.alice));
    await expect(asking(clientOf(settings), `Bearer ${token}`)).rejects.toThrow(ImproperlyConfigured);
  });

  it('lets inactive users in where the settings say so (J-135)', async () => {
    const settings = bench.with({ checkUserIsActive: false });
    const token = await AccessToken.forUser(settings, bench.carol);
    expect((await asking(clientOf(settings), `Bearer ${String(token)}`)).status).toBe(200);
  });

  it('refuses a token from before the password was changed (J-041)', async () => {
    const settings = bench.with({ checkRevokeToken: true });
    const token = String(await AccessToken.forUser(settings, bench.alice));
    expect((await asking(clientOf(settings), `Bearer ${token}`)).status).toBe(200);
    bench.alice.password = 'another hash';
    expect((await asking(clientOf(settings), `Bearer ${token}`)).data).toEqual({
      detail: "The user's password has been changed.",
      code: 'password_changed',
    });
    const without = String(await AccessToken.forUser(bench.settings, bench.alice));
    expect((await asking(clientOf(settings), `Bearer ${without}`)).data).toMatchObject({ code: 'password_changed' });
  });

  it('answers 401, and nothing worse, to mutated tokens and to bytes outside ASCII (J-045)', async () => {
    const client = clientOf(bench.settings);
    const token = String(await AccessToken.forUser(bench.settings, bench.alice));
    const random = numbersFrom('over HTTP');
    for (let i = 0; i < 200; i++) {
      const header = `Bearer ${mutate(token, random).replace(/[\n\0 ]/g, '\u00e9')}`;
      expect([header, (await asking(client, header)).status]).toEqual([header, 401]);
    }
  });

  it('has hooks for each of its steps (J-043)', async () => {
    class CookieLike extends JWTAuthentication {
      override readonly wwwAuthenticateRealm = 'mine';
      override getHeader(request: Request): string | null {
        const token = request.queryParams.get('token');
        return token === null ? null : `Bearer ${token}`;
      }
    }
    const token = String(await AccessToken.forUser(bench.settings, bench.alice));
    const client = clientOf(bench.settings, [CookieLike]);
    expect((await client.get(`/me/?token=${token}`)).status).toBe(200);
    expect((await client.get('/me/')).headers.get('www-authenticate')).toBe('Bearer realm="mine"');
  });

  it('says at the start what its settings lack', () => {
    expect(() => clientOf(bench.with({ signingKey: null }))).toThrow("lack 'signingKey'");
    expect(() => clientOf(bench.with({}, { users: null }))).toThrow('JWTAuthentication needs the user table');
  });
});

describe('JWTStatelessUserAuthentication', () => {
  it('takes the user from the token, and asks no table (J-042, J-130, J-170, S-133)', async () => {
    const settings = bench.with({}, { users: null });
    const token = new AccessToken(settings);
    token.set('user_id', '7');
    const response = await asking(clientOf(settings, [JWTStatelessUserAuthentication]), `Bearer ${String(token)}`);
    expect(response.data).toMatchObject({ user: 'TokenUser 7' });
  });

  it('refuses a token that names nobody', async () => {
    const token = String(new AccessToken(bench.settings));
    const response = await asking(clientOf(bench.settings, [JWTStatelessUserAuthentication]), `Bearer ${token}`);
    expect(response.data).toMatchObject({ code: 'token_not_valid' });
  });

  it('makes users of another class, and has its old name (J-042, J-130)', async () => {
    class Guest extends TokenUser {
      override toString(): string {
        return 'a guest';
      }
    }
    const settings = bench.with({ tokenUserClass: Guest });
    const token = String(await AccessToken.forUser(settings, bench.alice));
    const response = await asking(clientOf(settings, [JWTTokenUserAuthentication]), `Bearer ${token}`);
    expect(response.data).toMatchObject({ user: 'a guest' });
  });
});

describe('a TokenUser', () => {
  const userOf = (claims: Record<string, unknown>): TokenUser => new TokenUser(new AccessToken(bench.settings, claims));

  it('is what the claims say (J-170, J-172, J-175, J-176)', () => {
    const user = userOf({ user_id: '7', username: 'zoe', is_staff: true, is_superuser: 'yes', team: 'a' });
    expect([user.id, user.pk, user.username, user.getUsername(), user.isStaff, user.isSuperuser]).toEqual([
      '7',
      '7',
      'zoe',
      'zoe',
      true,
      false,
    ]);
    expect([user.isAuthenticated, user.isAnonymous, user.isActive]).toEqual([true, false, true]);
    expect([user.get('team'), user.get('other')]).toEqual(['a', null]);
    expect([String(user), userOf({}).username]).toEqual(['TokenUser 7', '']);
  });

  it('equals whoever has the same id (J-171)', () => {
    const user = userOf({ user_id: '7' });
    expect([userOf({ user_id: '7' }), userOf({ user_id: 7 }), null, 'x'].map((other) => user.equals(other))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('may do nothing, and is in no table (J-173, J-174)', async () => {
    const user = userOf({ user_id: '7', is_superuser: true });
    expect([user.groups, user.userPermissions]).toEqual([[], []]);
    expect(await Promise.all([user.hasPerm('a.b'), user.hasPerms([]), user.hasModulePerms('a')])).toEqual([
      false,
      false,
      false,
    ]);
    for (const act of [
      () => user.save(),
      () => user.delete(),
      () => user.setPassword('x'),
      () => user.checkPassword('x'),
    ]) {
      expect(act).toThrow('Token users have no DB representation');
    }
  });
});

describe('the exceptions', () => {
  it('put their code into the answer (J-102)', () => {
    expect(JSON.stringify(new InvalidToken().detail)).toBe(
      '{"detail":"Token is invalid or expired","code":"token_not_valid"}',
    );
    expect(JSON.stringify(new JWTAuthenticationFailed('No.', 'no').detail)).toBe('{"detail":"No.","code":"no"}');
  });
});
