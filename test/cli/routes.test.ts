import { beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { build, fixtures, sallyport } from './sallyport';

beforeAll(build, 60_000);

const cwd = join(fixtures, 'app');

describe('sallyport routes', () => {
  it('lists every route with its methods and policies, and where these come from', async () => {
    expect(await sallyport(['routes'], { cwd })).toEqual({
      status: 0,
      stderr: '',
      stdout: `/api/notes/<int:pk>  v1:note
  Notes: GET, HEAD, OPTIONS
    authentication  TokenAuthentication, BasicAuthentication             defaultAuthenticationClasses
    permissions     and(IsAuthenticated, or(IsOwner, not(IsAdminUser)))  static of Notes
    throttles       UserRateThrottle                                     defaultThrottleClasses

/open
  Open: POST, OPTIONS
    authentication  TokenAuthentication, BasicAuthentication  defaultAuthenticationClasses
    permissions     AllowAny                                  default
    throttles       UserRateThrottle                          defaultThrottleClasses
    open: everybody gets in, and nobody has declared so

/staff
  Staff: GET, HEAD, OPTIONS
    authentication  SessionAuthentication, TokenAuthentication  Staff.asView()
    permissions     IsAdminUser                                 decorator of Staff
    throttles       UserRateThrottle                            defaultThrottleClasses

/ping  ping
  ping: GET, OPTIONS
    authentication  TokenAuthentication, BasicAuthentication  defaultAuthenticationClasses
    permissions     none                                      static of ping

/health
  health: no view, so no policy guards it
`,
    });
  });

  it('prints them for programs, with every policy', async () => {
    const { stdout } = await sallyport(['routes', '--json'], { cwd });
    const routes = JSON.parse(stdout) as Record<string, unknown>[];
    expect(routes).toMatchObject([
      {
        pattern: '/api/notes/<int:pk>',
        name: 'v1:note',
        view: 'Notes',
        methods: ['GET', 'HEAD', 'OPTIONS'],
        access: 'guarded',
        policies: {
          permissionClasses: {
            classes: ['and(IsAuthenticated, or(IsOwner, not(IsAdminUser)))'],
            from: { kind: 'static', name: 'Notes' },
          },
          throttleClasses: { from: { kind: 'setting', name: 'defaultThrottleClasses' } },
          rendererClasses: { classes: ['JSONRenderer'], from: { kind: 'library', name: 'defaultRendererClasses' } },
          versioningClass: { classes: [] },
        },
      },
      { access: 'open', policies: { permissionClasses: { from: { kind: 'library' } } } },
      {
        policies: {
          authenticationClasses: { from: { kind: 'asView', name: 'Staff' } },
          permissionClasses: { from: { kind: 'decorator', name: 'Staff' } },
        },
      },
      { name: 'ping', access: 'public' },
      { pattern: '/health', name: null, view: 'health', methods: [], access: 'unknown', policies: null },
    ]);
  });

  it('fails on demand where somebody could get in by mistake, and names the routes', async () => {
    const { status, stdout, stderr } = await sallyport(['routes', '--fail-on-open'], { cwd });
    expect(status).toBe(1);
    expect(stdout).toContain('/health\n');
    expect(stderr).toBe('Open to everybody, and nobody has declared so: /open, /health\n');
    expect(await sallyport(['routes', '--fail-on-open'], { cwd: join(fixtures, 'sound') })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});
