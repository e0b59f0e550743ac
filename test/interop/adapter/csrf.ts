import { csrf, defineSettings, findCsrfFault, unmaskToken } from 'sallyport';
import type { Kinds } from './answers';

const settings = defineSettings({}, csrf({}));

interface Pair {
  readonly cookie: string;
  readonly token: string;
}

export const csrfKinds = {
  'csrf.unmask': ({ token }: Pick<Pair, 'token'>) => ({ secret: unmaskToken(token) }),

  'csrf.check': async ({ cookie, token }: Pair) => {
    const headers = { host: 'testserver', cookie: `csrftoken=${cookie}`, 'x-csrftoken': token };
    const fault = await findCsrfFault({ method: 'POST', url: '/', headers }, settings);
    return { ok: fault === null };
  },
} satisfies Kinds;
