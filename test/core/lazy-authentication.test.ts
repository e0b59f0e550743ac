import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  AuthenticationFailed,
  BaseAuthentication,
  defineSettings,
  IsAuthenticated,
  Response,
  UserRateThrottle,
} from 'sallyport';
import type { Awaitable, BaseUser, PolicyClass, Authenticator, Request, Settings } from 'sallyport';
import { call } from '../support/server';

const ann: BaseUser = { pk: 'ann', isActive: true, isAuthenticated: true };

/** A scheme that asks a database: it answers later. Counts its calls. */
function scheme() {
  const calls: unknown[] = [];
  class ByHeader extends BaseAuthentication {
    override async authenticate(request: Request): Promise<readonly [BaseUser, string] | null> {
      calls.push(request);
      await new Promise(setImmediate);
      const name = request.headers.get('x-user');
      if (name === 'bad') throw new AuthenticationFailed('Bad name.');
      return name === 'ann' ? [ann, 'by header'] : null;
    }
    override authenticateHeader(): string {
      return 'Header';
    }
  }
  return { Class: ByHeader as PolicyClass<Authenticator>, calls };
}

const lazy = defineSettings({ authenticationMode: 'lazy' });

class Emptied extends APIView {
  override performAuthentication(): undefined {
    return undefined;
  }
}
class BySetting extends APIView {
  static override settings: Settings = lazy;
}

describe.each([
  ['an empty performAuthentication', Emptied],
  ['the setting authenticationMode', BySetting],
])('with %s', (_how, Base) => {
  const view = (work: (request: Request) => unknown, policies: object = {}) => {
    const { Class, calls } = scheme();
    class View extends Base {
      override async get(request: Request): Promise<Response> {
        return new Response(await work(request));
      }
    }
    return { handler: View.asView({ authenticationClasses: [Class], ...policies }), calls };
  };

  it('nobody is asked while nobody wants to know (D-028, S-006, S-155)', async () => {
    const { handler, calls } = view(() => 'ok');
    expect((await call(handler, { headers: { 'X-User': 'ann' } })).json).toBe('ok');
    expect(calls).toHaveLength(0);
  });

  it('the first who asks starts the one run, and then all of it is plain values (S-006, S-155)', async () => {
    const { handler, calls } = view(async (request) => {
      const user = await request.getUser();
      return [user?.pk, request.user?.pk, request.auth, request.successfulAuthenticator !== null];
    });
    const answer = await call(handler, { headers: { 'X-User': 'ann' } });
    expect(answer.json).toEqual(['ann', 'ann', 'by header', true]);
    expect(calls).toHaveLength(1);
  });

  it('a permission and a throttle know the user, and who is refused is refused as ever (S-160)', async () => {
    class Limited extends UserRateThrottle {
      override readonly rate = '1/min';
    }
    const { handler, calls } = view(() => 'ok', { permissionClasses: [IsAuthenticated], throttleClasses: [Limited] });
    const known = { headers: { 'X-User': 'ann' } };
    expect((await call(handler, known)).status).toBe(200);
    expect((await call(handler, known)).status).toBe(429);
    expect(calls).toHaveLength(2);
    for (const headers of [{}, { 'X-User': 'bad' }]) {
      const refused = await call(handler, { headers });
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Header']);
    }
  });
});

describe('by default', () => {
  it('the handler finds plain values, without any await (S-154)', async () => {
    const { Class } = scheme();
    class View extends APIView {
      override get(request: Request): Awaitable<Response> {
        return new Response([request.user?.pk, request.auth]);
      }
    }
    const answer = await call(View.asView({ authenticationClasses: [Class] }), { headers: { 'X-User': 'ann' } });
    expect(answer.json).toEqual(['ann', 'by header']);
  });
});
