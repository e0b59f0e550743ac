import { describe, expect, it } from '@jest/globals';
import {
  and,
  APIView,
  BasePermission,
  defineSettings,
  handle,
  IsAuthenticated,
  not,
  path,
  Response,
  UncheckedObject,
} from 'sallyport';
import type { PermissionClasses, Request, Settings } from 'sallyport';
import { call, errorLog } from '../support/server';

class IsOwner extends BasePermission {
  override hasObjectPermission(): boolean {
    return true;
  }
}

class Note extends APIView {
  static override permissionClasses: PermissionClasses = [and(IsOwner)];
  override get(): Response {
    return new Response({ title: 'mine' });
  }
  override async put(request: Request): Promise<Response> {
    await this.checkObjectPermissions(request, {});
    return new Response({ title: 'mine' });
  }
  override patch(): Response {
    return new Response([{ title: 'a list' }]);
  }
  override delete(): Response {
    return new Response(null, { status: 204 });
  }
}

function settingsWith(assertObjectPermissions: boolean): { readonly settings: Settings; readonly errors: unknown[] } {
  const { logger, errors } = errorLog();
  return { settings: defineSettings({ assertObjectPermissions, defaultAuthenticationClasses: [], logger }), errors };
}

async function statusOf(settings: Settings, method: string, permissions = Note.permissionClasses): Promise<number> {
  const note = Note.asView({ settings, permissionClasses: permissions });
  const routes = handle([path('/notes/<int:pk>', note), path('/note', note)]);
  return (await call(routes, { method, path: '/notes/1' })).status;
}

describe('assertObjectPermissions', () => {
  it('fails a view that shows an object which nobody checked, and says what to write', async () => {
    const { settings, errors } = settingsWith(true);
    expect(await statusOf(settings, 'GET')).toBe(500);
    expect(errors).toEqual([expect.any(UncheckedObject)]);
    expect(String(errors[0])).toContain('await this.checkObjectPermissions(request, obj)');
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'lets %s pass, which checks or shows no single object',
    async (method) => {
      expect(await statusOf(settingsWith(true).settings, method)).toBeLessThan(300);
    },
  );

  it('asks nothing of views whose permissions say nothing about objects', async () => {
    const { settings } = settingsWith(true);
    expect(await statusOf(settings, 'GET', [not(IsAuthenticated)])).toBe(200);
  });

  it('is off by default where NODE_ENV is not development', async () => {
    expect(defineSettings().assertObjectPermissions).toBe(process.env['NODE_ENV'] === 'development');
    expect(await statusOf(settingsWith(false).settings, 'GET')).toBe(200);
  });
});
