import { createRequire } from 'node:module';
import { users } from './works.mjs';

const require = createRequire(import.meta.url);
const {
  APIView,
  authtoken,
  defineSettings,
  IsAuthenticated,
  Response,
  TokenAuthentication,
  UserRateThrottle,
} = require('../dist/index.js');

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

const tokens = new Map([...users].map(([key, user]) => [key, { key, user: new User(user) }]));
const store = { find: async (key) => tokens.get(key) ?? null };

class AppView extends APIView {
  static settings = defineSettings(
    { defaultAuthenticationClasses: [TokenAuthentication], defaultThrottleRates: { user: '1000/min' } },
    authtoken({ store }),
  );
}

export class Hello extends AppView {
  static authenticationClasses = [];
  get() {
    return new Response({ message: 'hello' });
  }
}

export class Me extends AppView {
  static permissionClasses = [IsAuthenticated];
  static throttleClasses = [UserRateThrottle];
  get(request) {
    return new Response({ user: request.user.username, auth: request.auth.key });
  }
}
