import { describe, expect, it } from '@jest/globals';
import { APIView, BaseAuthentication, defineSettings, IsAuthenticated, Response } from 'sallyport';
import type { AuthenticationClasses, PermissionClasses } from 'sallyport';
import { call } from '../support/server';

abstract class Nobody extends BaseAuthentication {
  authenticate(): null {
    return null;
  }
}
class Silent extends Nobody {}
class First extends Nobody {
  override authenticateHeader(): string {
    return 'First realm="a, b"';
  }
}
class Second extends Nobody {
  override authenticateHeader(): string {
    return 'Second';
  }
}

const all = defineSettings({ challengePolicy: 'all' });
class Guarded extends APIView {
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
  static override authenticationClasses: AuthenticationClasses = [Silent, First, Second];
  override get(): Response {
    return new Response('in');
  }
}

describe('challengePolicy', () => {
  it('first: the first authenticator alone decides, as in DRF', async () => {
    const answer = await call(Guarded.asView());
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('all: every challenge is sent, and any of them makes it 401', async () => {
    const answer = await call(Guarded.asView({ settings: all }));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('First realm="a, b", Second');
  });

  it('all: without any challenge it stays 403', async () => {
    const answer = await call(Guarded.asView({ settings: all, authenticationClasses: [Silent] }));
    expect(answer.status).toBe(403);
  });
});
