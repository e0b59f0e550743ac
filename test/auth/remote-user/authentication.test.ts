import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIView,
  BasicAuthentication,
  defineSettings,
  IsAuthenticated,
  ModelBackend,
  RemoteUserAuthentication,
  RemoteUserBackend,
  Response,
} from 'sallyport';
import type {
  AuthenticationBackend,
  AuthenticationClasses,
  Credentials,
  Handler,
  PermissionClasses,
  Request,
  Settings,
  User,
} from 'sallyport';
import { fastPasswordHashers, MemoryUserStore } from 'sallyport/testing';
import { call } from '../../support/server';
import type { Answer, RequestOptions } from '../../support/server';

const hashers = fastPasswordHashers;

describe('RemoteUserAuthentication', () => {
  let users: MemoryUserStore;
  let failures: Credentials[];

  const storeWith = (backends: (store: MemoryUserStore) => readonly AuthenticationBackend<User>[]): MemoryUserStore =>
    new MemoryUserStore({ hashers, backends, onLoginFailed: (credentials) => void failures.push(credentials) });

  beforeEach(async () => {
    failures = [];
    users = storeWith((store) => [new ModelBackend(store, { hashers }), new RemoteUserBackend(store, { hashers })]);
    await users.createUser({ username: 'ann', password: 'secret' });
    await users.createUser({ username: 'carol', isActive: false });
  });

  function view(
    authenticators: AuthenticationClasses = [RemoteUserAuthentication],
    settings: Settings = defineSettings({ users }),
  ): Handler {
    class Who extends APIView {
      static override settings = settings;
      static override authenticationClasses = authenticators;
      static override permissionClasses: PermissionClasses = [IsAuthenticated];
      override get(request: Request<User>): Response {
        return new Response({ user: (request.user as User).username, auth: request.auth });
      }
      override post(request: Request<User>): Response {
        return this.get(request);
      }
    }
    return Who.asView();
  }

  /** A server that says who its client is, as one in front would. */
  const behind =
    (handler: Handler, remoteUser?: string): Handler =>
    (request, response) =>
      handler(Object.assign(request, remoteUser === undefined ? {} : { META: { REMOTE_USER: remoteUser } }), response);

  const ask = (remoteUser?: string, options?: RequestOptions): Promise<Answer> =>
    call(behind(view(), remoteUser), options);

  it('believes the name that the server in front has found out; auth is null (D-187, S-104, S-108)', async () => {
    const answer = await ask('ann');
    expect([answer.status, answer.json]).toEqual([200, { user: 'ann', auth: null }]);
    expect((await ask('newcomer')).json).toEqual({ user: 'newcomer', auth: null });
    expect((await users.getByNaturalKey('newcomer'))?.isActive).toBe(true);
  });

  it('checks no CSRF token and has no challenge (D-189)', async () => {
    expect((await ask('ann', { method: 'POST' })).status).toBe(200);
    const refused = await ask();
    expect([refused.status, refused.json]).toEqual([403, { detail: 'Authentication credentials were not provided.' }]);
    expect(refused.headers['www-authenticate']).toBeUndefined();
  });

  it.each(['Remote-User', 'REMOTE_USER', 'Remote_User', 'X-Remote-User', 'REMOTE-USER'])(
    'takes no name from the header %s, which any client can send (D-186, S-104)',
    async (name) => {
      expect((await ask(undefined, { headers: { [name]: 'ann' } })).status).toBe(403);
      expect((await ask('', { headers: { [name]: 'ann' } })).status).toBe(403);
    },
  );

  it('takes it from a header that the deployer names, and from nothing else then (D-186, S-104)', async () => {
    class SsoAuthentication extends RemoteUserAuthentication {
      override readonly header = 'HTTP_X_SSO_USER';
    }
    const sso = view([SsoAuthentication]);
    expect((await call(sso, { headers: { 'X-Sso-User': 'ann' } })).json.user).toBe('ann');
    expect((await call(behind(sso, 'ann'))).status).toBe(403);
  });

  it('leaves inactive users anonymous, also where the backend lets them in (D-187)', async () => {
    expect((await ask('carol')).status).toBe(403);
    const carol = (await users.getByNaturalKey('carol'))!;
    const lenient = storeWith(() => [{ authenticate: () => carol, getUser: () => carol }]);
    const handler = view([RemoteUserAuthentication], defineSettings({ users: lenient }));
    expect((await call(behind(handler, 'carol'))).status).toBe(403);
    carol.isActive = true;
    expect((await call(behind(handler, 'carol'))).status).toBe(200);
  });

  it('counts a request without a name as a failed log in, as DRF does (D-188)', async () => {
    await ask();
    await ask('');
    await ask('carol');
    await ask('ann');
    expect(failures).toEqual([{ remoteUser: null }, { remoteUser: '' }, { remoteUser: 'carol' }]);
  });

  it('knows nobody without its backend (S-105)', async () => {
    const passwordsOnly = storeWith((store) => [new ModelBackend(store, { hashers })]);
    await passwordsOnly.createUser({ username: 'ann' });
    const handler = view([RemoteUserAuthentication], defineSettings({ users: passwordsOnly }));
    expect((await call(behind(handler, 'ann'))).status).toBe(403);
  });

  it('lets the next scheme try where it knows nobody', async () => {
    const headers = { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };
    const both = view([RemoteUserAuthentication, BasicAuthentication]);
    expect((await call(behind(both, 'carol'), { headers })).json.user).toBe('ann');
    expect((await call(both)).status).toBe(403);
    expect((await call(view([BasicAuthentication, RemoteUserAuthentication]))).status).toBe(401);
  });

  it('stops the app from starting without users', () => {
    expect(() => view([RemoteUserAuthentication], defineSettings())).toThrow('needs the user table');
  });
});
