import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddressRateThrottle,
  AllowAny,
  and,
  AnonRateThrottle,
  APIView,
  apiView,
  authtoken,
  BaseAuthentication,
  BasePermission,
  BasicAuthentication,
  CHECKS,
  csrf,
  defineSettings,
  extendSettings,
  FailedLoginThrottle,
  formatSuffixPatterns,
  IsAuthenticated,
  not,
  ObtainAuthToken,
  obtainAuthToken,
  or,
  path,
  permissionClasses,
  Response,
  runChecks,
  ScopedRateThrottle,
  session,
  SessionAuthentication,
  TokenAuthentication,
  UserRateThrottle,
} from 'sallyport';
import type {
  Authenticator,
  Cache,
  CheckedView,
  CheckId,
  Finding,
  Permission,
  Policies,
  Settings,
  SettingsInput,
  ViewClass,
} from 'sallyport';
import { MemorySessionStore, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';

const users = new MemoryUserStore();
const tokens = authtoken({ store: new MemoryTokenStore() });
const STRONG = 'k8#fW2!qLr9@ZxTn5^uYb7*Hc3&JmPd6$sVe4%Ga1+oXi0=zRt';

/** Settings with nothing to find outside of production. */
function sound(options: SettingsInput = {}, ...more: Parameters<typeof defineSettings>[1][]): Settings {
  return defineSettings(
    {
      defaultAuthenticationClasses: [TokenAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
      numProxies: 0,
      users,
      ...options,
    },
    tokens,
    ...more.filter((value) => value !== undefined),
  );
}

class Notes extends APIView {
  static override settings = sound();
  override get(): Response {
    return new Response('notes');
  }
}

/** The findings for one view under `/notes`, of which some statics are overridden. */
function check(statics: Partial<Policies> & { settings?: Settings }, deploy = false): readonly Finding[] {
  return runChecks([path('/notes', Notes.asView(statics))], { deploy });
}

const ids = (findings: readonly Finding[]): string[] => findings.map(({ id }) => id);

/** Where a check finds something, and nothing of the others. */
function places(findings: readonly Finding[], id: CheckId): string[] {
  expect(new Set(ids(findings))).toEqual(new Set(findings.length === 0 ? [] : [id]));
  return findings.map(({ where }) => where);
}

describe('an app with nothing to find', () => {
  it('has no findings', () => {
    expect(check({})).toEqual([]);
    expect(runChecks([])).toEqual([]);
  });

  it('has none in production either', () => {
    class Shared {
      get = () => Promise.resolve(null);
      find = () => Promise.resolve(null);
    }
    const settings = defineSettings(
      {
        defaultAuthenticationClasses: [TokenAuthentication, BasicAuthentication, SessionAuthentication],
        defaultPermissionClasses: [IsAuthenticated],
        defaultThrottleClasses: [UserRateThrottle],
        defaultThrottleRates: { user: '100/min' },
        numProxies: 1,
        secureProxySslHeader: ['X-Forwarded-Proto', 'https'],
        allowedHosts: ['api.example.com'],
        users: new Shared() as never,
        cache: new Shared() as unknown as Cache,
      },
      authtoken({ store: new Shared() as never, keysAtRest: 'hashed' }),
      session({ store: new Shared() as never, secretKey: STRONG, secretKeyFallbacks: [STRONG], cookieSecure: true }),
      csrf({ cookieSecure: true }),
    );
    expect(check({ settings }, true)).toEqual([]);
  });
});

describe('the table of checks', () => {
  it('says for each finding whether it is an error and whether it matters in production alone', () => {
    const found = [...check({ settings: defineSettings() }, true)];
    expect(found.length).toBeGreaterThan(1);
    for (const { id, level, deploy, hint } of found) {
      expect(level).toBe(/\.E\d/.test(id) ? 'error' : 'warning');
      expect(deploy).toBe(CHECKS[id as CheckId].deploy);
      expect(hint).not.toBe('');
    }
  });

  it('numbers the checks without a gap', () => {
    const numbers = Object.keys(CHECKS).map((id) => /^sallyport\.([EW])(\d{3})$/.exec(id)!.slice(1));
    for (const letter of ['E', 'W']) {
      const own = numbers.filter(([first]) => first === letter).map(([, number]) => Number(number));
      expect(own).toEqual(own.map((_, i) => i + 1));
    }
  });
});

describe('docs/cli.md', () => {
  it('lists the checks', () => {
    const page = readFileSync(join(__dirname, '../../docs/cli.md'), 'utf8');
    const rows = Object.entries(CHECKS).map(
      ([id, { about, deploy }]) => `| \`${id}\` | ${about} | ${deploy ? '`--deploy`' : ''} |\n`,
    );
    expect(page).toContain(rows.join(''));
  });
});

describe('a view that lets everybody in', () => {
  const settings = defineSettings({ defaultAuthenticationClasses: [TokenAuthentication], users }, tokens);

  it('is found where neither it nor the settings declare permissions', () => {
    const [found, ...others] = check({ settings });
    expect(found).toMatchObject({ id: 'sallyport.W001', level: 'warning', where: 'Notes at /notes' });
    expect(found!.hint).toContain('defaultPermissionClasses: [IsAuthenticated]');
    expect(others).toEqual([]);
  });

  it('is found among function views, in groups, and once for all of its paths', () => {
    const ping = apiView(['GET'], { settings })(() => new Response('pong'));
    const routes = [path('/v1', formatSuffixPatterns([path('/ping/', ping), path('/pong', ping)]))];
    expect(places(runChecks(routes), 'sallyport.W001')).toEqual([
      '(view without a name) at /v1/ping/, /v1/ping.<format>, /v1/pong, /v1/pong.<format>',
    ]);
  });

  it.each<[string, object]>([
    ['by a static list', { permissionClasses: [AllowAny] }],
    ['by an empty list', { permissionClasses: [] }],
    ['by the settings', { settings: extendSettings(settings, { defaultPermissionClasses: [AllowAny] }) }],
  ])('is what somebody wants who says so %s', (_how, statics) => {
    expect(check({ settings, ...statics })).toEqual([]);
  });

  it('is what somebody wants who says so by a decorator', () => {
    const Declared = permissionClasses([AllowAny])(class extends Notes {}) as ViewClass;
    expect(runChecks([path('/notes', Declared.asView({ settings }))])).toEqual([]);
  });

  it('is not meant where the code of the view decides', () => {
    class Own extends Notes {
      override getPermissions(): Permission[] {
        return [new IsAuthenticated(this.settings)];
      }
    }
    expect(runChecks([path('/own', Own.asView({ settings }))])).toEqual([]);
  });
});

describe('a handler that is no view', () => {
  it('is found, for no policy guards it', () => {
    const health = () => Promise.resolve();
    expect(places(runChecks([path('/health', health)]), 'sallyport.W002')).toEqual(['health at /health']);
    expect(places(runChecks([path('/', () => Promise.resolve())]), 'sallyport.W002')).toEqual([
      '(function without a name) at /',
    ]);
  });
});

describe('a view of another copy of the library', () => {
  it('is refused, for nothing of it would be recognised', () => {
    class Foreign {}
    const handler = Object.assign(() => Promise.resolve(), { viewClass: Foreign, initkwargs: {} });
    expect(() => runChecks([path('/', handler)])).toThrow('Foreign is a view of another copy of sallyport.');
  });
});

describe('authenticators', () => {
  const both = sound({}, session({ store: new MemorySessionStore(), secretKey: STRONG }));

  it('are found where the first has no challenge and a later one has', () => {
    const found = check({ settings: both, authenticationClasses: [SessionAuthentication, TokenAuthentication] });
    expect(places(found, 'sallyport.W003')).toEqual(['Notes at /notes']);
    expect(found[0]!.message).toContain('SessionAuthentication, the first authenticator, has no challenge');
    expect(found[0]!.hint).toContain('Put TokenAuthentication first');
  });

  it('are found once where the settings list them, in the default list of DRF too', () => {
    const settings = extendSettings(both, {
      defaultAuthenticationClasses: [SessionAuthentication, BasicAuthentication],
    });
    const defaults = defineSettings(
      { defaultPermissionClasses: [IsAuthenticated], users },
      session({ store: new MemorySessionStore(), secretKey: STRONG }),
    );
    for (const inForce of [settings, defaults]) {
      const routes = [path('/a', Notes.asView({ settings: inForce })), path('/b', Notes.asView({ settings: inForce }))];
      expect(places(runChecks(routes), 'sallyport.W003')).toEqual(['the setting defaultAuthenticationClasses']);
    }
  });

  class Plain implements Authenticator {
    authenticate = () => null;
  }
  class Quiet extends BaseAuthentication {
    authenticate = () => null;
  }

  it.each<[string, Partial<Policies> & { settings?: Settings }]>([
    ['the first has a challenge', { authenticationClasses: [TokenAuthentication, SessionAuthentication] }],
    ['none has', { authenticationClasses: [Plain, Quiet] }],
    ['there are none', { authenticationClasses: [], permissionClasses: [AllowAny] }],
    [
      'every challenge is sent',
      {
        authenticationClasses: [SessionAuthentication, TokenAuthentication],
        settings: extendSettings(both, { challengePolicy: 'all' }),
      },
    ],
  ])('are in order where %s', (_where, statics) => {
    expect(check({ settings: both, ...statics })).toEqual([]);
  });

  it('are found where those of the library can recognise nobody, and somebody is asked for', () => {
    const settings = defineSettings({ defaultPermissionClasses: [IsAuthenticated] });
    expect(places(check({ settings }), 'sallyport.W004')).toEqual(['Notes at /notes']);
    expect(check({ settings, permissionClasses: [AllowAny] })).toEqual([]);
  });

  it('are an error where the settings lack what they need, once for all views', () => {
    const settings = defineSettings({
      defaultAuthenticationClasses: [BasicAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
    });
    const routes = [path('/a', Notes.asView({ settings })), path('/b', Notes.asView({ settings }))];
    const found = runChecks(routes);
    expect(found).toEqual([
      {
        id: 'sallyport.E001',
        level: 'error',
        deploy: false,
        where: 'the setting defaultAuthenticationClasses',
        message: 'BasicAuthentication needs the user table: defineSettings({ users: userStore(orm) }).',
        hint: null,
      },
    ]);
  });
});

describe('the opposite of a permission', () => {
  class IsBanned extends BasePermission {
    override hasPermission(): boolean {
      return false;
    }
  }
  class IsOwner extends BasePermission {
    override hasObjectPermission(): boolean {
      return false;
    }
  }

  it.each([
    ['not(IsBanned)', [not(IsBanned)]],
    ['AllowAny, not(IsBanned)', [AllowAny, not(IsBanned)]],
    ['not(or(IsBanned, IsOwner))', [not(or(IsBanned, IsOwner))]],
  ])('is found where nothing else is asked for: %s', (names, permissions) => {
    const found = check({ permissionClasses: permissions });
    expect(places(found, 'sallyport.W005')).toEqual(['Notes at /notes']);
    expect(found[0]!.message).toBe(`Whom ${names} refuses gets in without credentials.`);
  });

  it.each([
    ['not(IsOwner)', [IsAuthenticated, not(IsOwner)]],
    ['not(IsOwner) in a composition', [and(IsAuthenticated, or(not(IsOwner), IsBanned))]],
    ['not(IsOwner) alone', [not(IsOwner)]],
  ])('is found where it refuses every request: %s', (_names, permissions) => {
    const found = check({ permissionClasses: permissions });
    expect(places(found, 'sallyport.W006')).toEqual(['Notes at /notes']);
    expect(found[0]!.message).toMatch(/^not\(IsOwner\) refuses every request/);
  });

  it.each([
    ['a user is asked for', [and(IsAuthenticated, not(IsBanned))]],
    ['a user is asked for by another class', [IsAuthenticated, not(IsBanned)]],
    ['it stands for visitors', [not(IsAuthenticated)]],
    ['it stands for nobody', [not(AllowAny)]],
  ])('is in order where %s', (_where, permissions) => {
    expect(check({ permissionClasses: permissions })).toEqual([]);
  });
});

describe('a throttle', () => {
  const limited = { defaultThrottleRates: { user: '10/min', anon: '10/min', address: '10/min', uploads: '1/s' } };

  it('is found where nobody has given it a rate', () => {
    const found = check({ throttleClasses: [UserRateThrottle] });
    expect(places(found, 'sallyport.W007')).toEqual(['Notes at /notes']);
    expect(found[0]).toMatchObject({
      message: "UserRateThrottle limits nobody, for its scope 'user' has no rate.",
      hint: "Set defaultThrottleRates: { user: '100/min' }.",
    });
    const settings = sound({ defaultThrottleClasses: [AnonRateThrottle] });
    expect(places(check({ settings }), 'sallyport.W007')).toEqual(['the setting defaultThrottleClasses']);
  });

  it('is in order where somebody has switched it off', () => {
    const settings = sound({ defaultThrottleRates: { user: null } });
    expect(check({ settings, throttleClasses: [UserRateThrottle] })).toEqual([]);
  });

  it('is an error where its scope is unknown, or its rate is none', () => {
    const settings = sound({ defaultThrottleRates: { user: 'often' } });
    const found = check({ settings, throttleClasses: [UserRateThrottle, AnonRateThrottle] });
    expect(places(found, 'sallyport.E001')).toEqual(['Notes at /notes', 'Notes at /notes']);
    expect(found.map(({ message }) => message)).toEqual([
      "'often' is no rate. Write a number, a slash and s, m, h or d: '10/min', '5/10m'.",
      "No default throttle rate set for 'anon' scope",
    ]);
  });

  it('is found where it goes by the scope of a view that has none', () => {
    const settings = sound(limited);
    const scoped = { settings, throttleClasses: [ScopedRateThrottle] };
    expect(places(check(scoped), 'sallyport.W007')).toEqual(['Notes at /notes']);
    expect(check({ ...scoped, throttleScope: 'uploads' })).toEqual([]);
    expect(ids(check({ ...scoped, throttleScope: 'downloads' }))).toEqual(['sallyport.E001']);
    expect(check({ settings: extendSettings(settings, { defaultThrottleClasses: [ScopedRateThrottle] }) })).toEqual([]);
  });

  it('is found where clients may make up their addresses, whatever list it stands in', () => {
    const settings = sound({ ...limited, numProxies: null });
    for (const list of ['throttleClasses', 'preAuthThrottleClasses'] as const) {
      expect(places(check({ settings, [list]: [AddressRateThrottle] }), 'sallyport.W008')).toEqual([
        'the setting numProxies',
      ]);
      expect(check({ settings, [list]: [FailedLoginThrottle] })).toEqual([]);
    }
  });

  it('counts in the memory of the process: found in production', () => {
    const settings = sound({ ...limited, allowedHosts: ['api.example.com'], users: null });
    const statics = {
      settings,
      throttleClasses: [UserRateThrottle],
      authenticationClasses: [],
      permissionClasses: [AllowAny],
    };
    expect(check(statics)).toEqual([]);
    expect(check(statics, true)).toMatchObject([
      { id: 'sallyport.W016', where: 'the setting cache' },
      { id: 'sallyport.W016', where: 'the setting authtoken.store' },
    ]);
  });

  it('of a class that nobody knows is left alone', () => {
    class Own {
      allowRequest(): boolean {
        return true;
      }
    }
    expect(check({ throttleClasses: [Own] })).toEqual([]);
  });
});

describe('a view that exchanges passwords for tokens', () => {
  const settings = sound({ defaultThrottleRates: { failed_login: null, user: '10/min' } });
  const at = (view: ReturnType<typeof obtainAuthToken>): readonly Finding[] => runChecks([path('/login', view)]);

  it('is limited from the start', () => {
    expect(at(obtainAuthToken(sound()))).toEqual([]);
  });

  it('is found where its limit was taken away', () => {
    expect(places(at(obtainAuthToken(settings)), 'sallyport.W009')).toEqual(['ObtainAuthToken at /login']);
    const bare = ObtainAuthToken.asView({ settings: sound(), preAuthThrottleClasses: [] });
    expect(places(at(bare), 'sallyport.W009')).toEqual(['ObtainAuthToken at /login']);
  });

  it('is in order with another limit in its place', () => {
    expect(at(ObtainAuthToken.asView({ settings, throttleClasses: [UserRateThrottle] }))).toEqual([]);
  });
});

describe('sessions', () => {
  const withSecret = (secretKey: string | Uint8Array, secretKeyFallbacks: readonly string[] = []): Settings =>
    sound({}, session({ store: new MemorySessionStore(), secretKey, secretKeyFallbacks }));
  const statics = { authenticationClasses: [SessionAuthentication] };
  const strong = {
    store: new MemorySessionStore(),
    secretKey: STRONG,
    cookieSamesite: 'Lax',
    cookieDomain: null,
  } as const;

  it.each([
    ['short', 'is shorter than 50 characters'],
    ['ab'.repeat(40), 'has fewer than 5 different characters'],
    [`django-insecure-${STRONG}`, "begins with 'django-insecure-'"],
    [Buffer.from('short'), 'is shorter than 32 bytes'],
    [Buffer.alloc(64), 'has fewer than 5 different bytes'],
  ])('are found with a weak secret, which is not told: %p', (secret, weakness) => {
    const found = check({ ...statics, settings: withSecret(secret) });
    expect(places(found, 'sallyport.W010')).toEqual(['the setting session.secretKey']);
    expect(found[0]!.message).toContain(`The secret ${weakness}`);
    expect(JSON.stringify(found)).not.toContain(STRONG);
  });

  it('are found with a weak secret of before', () => {
    const found = check({ ...statics, settings: withSecret(STRONG, [STRONG, 'old']) });
    expect(places(found, 'sallyport.W010')).toEqual(['the setting session.secretKeyFallbacks[1]']);
  });

  it('are not named for a secret that is the app’s too', () => {
    const store = new MemorySessionStore();
    const both = { secretKey: 'weak', secretKeyFallbacks: ['old'] };
    for (const settings of [
      sound(both, session({ store })),
      sound(both, session({ store, ...both })),
      sound(both, session({ store, secretKey: Buffer.from('old') })),
    ]) {
      expect(places(check({ ...statics, settings }), 'sallyport.W010')).toEqual([
        'the setting secretKey',
        'the setting secretKeyFallbacks[0]',
      ]);
    }
  });

  it('are in order with a long one', () => {
    expect(check({ ...statics, settings: withSecret(STRONG) })).toEqual([]);
    expect(check({ ...statics, settings: withSecret(Buffer.from(STRONG)) })).toEqual([]);
  });

  it('are found in production with cookies that others can read', () => {
    const store = new MemorySessionStore();
    const careless = sound({}, session({ store, secretKey: STRONG, cookieHttponly: false }));
    const inProduction = (settings: Settings): string[] => ids(check({ ...statics, settings }, true));
    expect(inProduction(careless)).toEqual(
      expect.arrayContaining(['sallyport.W011', 'sallyport.W012', 'sallyport.W013', 'sallyport.W016']),
    );
    expect(inProduction(careless)).not.toEqual(expect.arrayContaining(['sallyport.W017']));
    const secretInSession = extendSettings(careless, {}, csrf({ useSessions: true }));
    expect(inProduction(secretInSession)).not.toContain('sallyport.W012');
  });

  it.each([
    ['sallyport.W017', 'the setting session.cookieSamesite', session({ ...strong, cookieSamesite: 'None' })],
    ['sallyport.W017', 'the setting session.cookieSamesite', session({ ...strong, cookieSamesite: null })],
    [
      'sallyport.W018',
      'the setting csrf.trustedOrigins',
      csrf({ trustedOrigins: ['https://a.test', 'http://b.test'] }),
    ],
    ['sallyport.W019', 'the setting session.cookieDomain', session({ ...strong, cookieDomain: '.example.com' })],
    ['sallyport.W019', 'the setting csrf.cookieDomain', csrf({ cookieDomain: '.example.com' })],
  ])('are found in production where other sites get at them: %s', (id, where, options) => {
    const settings = extendSettings(sound({}, session(strong)), {}, options);
    const found = check({ ...statics, settings }, true).filter((one) => one.id === id);
    expect(found.map((one) => one.where)).toEqual([where]);
    const careful = extendSettings(
      settings,
      {},
      session(strong),
      csrf({ trustedOrigins: ['https://a.test'], cookieDomain: null }),
    );
    expect(ids(check({ ...statics, settings: careful }, true))).not.toContain(id);
  });
});

describe('the secret that signs', () => {
  const secrets = (options: SettingsInput): string[] => places(check({ settings: sound(options) }), 'sallyport.W010');

  it('is found where it is weak, and those of before', () => {
    expect(secrets({ secretKey: 'django-insecure-x', secretKeyFallbacks: [STRONG, 'old'] })).toEqual([
      'the setting secretKey',
      'the setting secretKeyFallbacks[1]',
    ]);
  });

  it('is in order where it is long, or there is none', () => {
    expect([secrets({ secretKey: STRONG }), secrets({})]).toEqual([[], []]);
  });
});

describe('in production', () => {
  const inProduction = (settings: Settings, statics: Partial<Policies> = {}): readonly Finding[] =>
    check({ ...statics, settings }, true);

  it('passwords in each request are found where nothing tells of TLS', () => {
    const basic = { authenticationClasses: [BasicAuthentication] };
    const found = inProduction(sound(), basic);
    expect(found.filter(({ id }) => id === 'sallyport.W014')).toMatchObject([
      { where: 'the setting secureProxySslHeader' },
    ]);
    const encrypted = sound({ secureProxySslHeader: ['X-Forwarded-Proto', 'https'] });
    expect(ids(inProduction(encrypted, basic))).not.toContain('sallyport.W014');
    expect(ids(check({ settings: sound(), ...basic }))).toEqual([]);
  });

  it.each([
    [null, true],
    [['*'], true],
    [['.example.com'], false],
  ])('a site that answers for %p: found is %p', (allowedHosts, found) => {
    expect(ids(inProduction(sound({ allowedHosts }))).includes('sallyport.W015')).toBe(found);
  });

  it('an app without a rule for passwords is found', () => {
    const isFound = (settings: Settings): boolean => ids(inProduction(settings)).includes('sallyport.W026');
    expect(isFound(sound({ passwordValidators: [] }))).toBe(true);
    expect(isFound(sound())).toBe(false);
  });

  it('stores in memory are found, each by its setting', () => {
    const settings = sound({}, session({ store: new MemorySessionStore(), secretKey: STRONG }));
    const found = inProduction(settings).filter(({ id }) => id === 'sallyport.W016');
    expect(found.map(({ where }) => where)).toEqual([
      'the setting users',
      'the setting authtoken.store',
      'the setting session.store',
    ]);
  });

  it('settings that no view has are looked at too', () => {
    expect(places(runChecks([], { settings: defineSettings(), deploy: true }), 'sallyport.W015')).toEqual([
      'the setting allowedHosts',
    ]);
  });
});

describe('checks of an app', () => {
  const own = (where: string): Finding => ({
    id: 'app.W001',
    level: 'warning',
    deploy: false,
    where,
    message: 'Something is odd.',
    hint: null,
  });

  it('are those that a policy or a view brings, with what they are to look at', () => {
    const seen: [Settings, CheckedView][] = [];
    class Odd extends BasePermission {
      static check(settings: Settings, view: CheckedView): Finding[] {
        seen.push([settings, view]);
        return [own(view.where)];
      }
    }
    class OddView extends Notes {
      static override permissionClasses = [Odd];
      static check(): Finding[] {
        return [own('the view')];
      }
    }
    expect(runChecks([path('/odd', OddView.asView())])).toEqual([own('the view'), own('OddView at /odd')]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject([Notes.settings, { where: 'OddView at /odd', policies: { className: 'OddView' } }]);
  });

  it('say the same thing once, and some of them in production alone', () => {
    class Odd extends BasePermission {
      static check(): Finding[] {
        return [own('everywhere'), { ...own('everywhere'), id: 'app.W002', deploy: true }];
      }
    }
    const routes = ['/a', '/b'].map((pattern) => path(pattern, Notes.asView({ permissionClasses: [Odd] })));
    expect(ids(runChecks(routes))).toEqual(['app.W001']);
    const all = ids(runChecks(routes, { deploy: true }));
    expect(all.filter((id) => id.startsWith('app.'))).toEqual(['app.W001', 'app.W002']);
  });

  it('that return no list are a mistake', () => {
    class Wrong extends BasePermission {
      static check(): unknown {
        return 'odd';
      }
    }
    expect(() => check({ permissionClasses: [Wrong] })).toThrow('Wrong.check() must return a list of findings.');
  });

  it('that fail are not taken for silence', () => {
    class Broken extends BasePermission {
      static checkSettings(): void {
        throw new Error('out of order');
      }
    }
    const settings = sound({ defaultPermissionClasses: [Broken] });
    expect(() => check({ settings })).toThrow('out of order');
  });
});
