import { createRequire } from 'node:module';
import { itemClass, ROUTES, users } from './works.mjs';

const require = createRequire(import.meta.url);
const {
  APIView,
  authtoken,
  defineSettings,
  IsAuthenticated,
  path,
  Response,
  TokenAuthentication,
  UserRateThrottle,
  validated,
} = require('../../dist/index.js');

class User {
  constructor({ id, username }) {
    this.pk = id;
    this.username = username;
  }
  get isAuthenticated() {
    return true;
  }
  get isActive() {
    return true;
  }
}

async function settingsFor(work) {
  const core = { defaultAuthenticationClasses: [TokenAuthentication], defaultThrottleRates: { user: '1000/min' } };
  if (work !== 'W5') {
    const tokens = new Map([...users].map(([key, user]) => [key, { key, user: new User(user) }]));
    return defineSettings(core, authtoken({ store: { find: async (key) => tokens.get(key) ?? null } }));
  }
  const { MikroORM } = require('@mikro-orm/postgresql');
  const { TokenSchema, tokenStore, unitOfWork, UserSchema } = require('../../dist/mikro-orm/index.js');
  const orm = await MikroORM.init({ clientUrl: process.env.BENCH_DATABASE_URL, entities: [UserSchema, TokenSchema] });
  return defineSettings({ ...core, aroundDispatch: unitOfWork(orm) }, authtoken({ store: tokenStore(orm) }));
}

/** The views of a work, as an app would write them. */
export async function createViews(work) {
  class AppView extends APIView {}
  AppView.settings = await settingsFor(work);

  class Hello extends AppView {
    static authenticationClasses = [];
    get() {
      return new Response({ message: 'hello' });
    }
  }
  class Guarded extends AppView {
    static permissionClasses = [IsAuthenticated];
    static throttleClasses = [UserRateThrottle];
  }
  class Me extends Guarded {
    get(request) {
      return new Response({ user: request.user.username, auth: request.auth.key });
    }
  }
  // Loaded by the work that needs it only, as in an app.
  const Item = work === 'W2' ? itemClass(require('class-validator')) : null;
  class Items extends Guarded {
    async post(request) {
      return new Response(await validated(Item, request.data));
    }
  }
  class Resource extends AppView {
    static authenticationClasses = [];
    get(_request, { id }) {
      return new Response({ id });
    }
  }
  return { Hello, Me, Items, Resource };
}

export async function createRoutes(work) {
  const { Hello, Me, Items, Resource } = await createViews(work);
  const resources = work === 'W4' ? Array.from({ length: ROUTES }, (_, i) => `/api/resource${String(i)}/<id>`) : [];
  return [
    path('/hello', Hello.asView()),
    path('/me', Me.asView()),
    path('/items', Items.asView()),
    ...resources.map((pattern) => path(pattern, Resource.asView())),
  ];
}
