import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { csrf, defineSettings, findCsrfFault, session } from 'sallyport';
import { MemorySessionStore } from 'sallyport/testing';
import { secretKey } from '../../support/sessions';

/** A request, the settings of the site, and what the middleware of Django 3.2.25 has said; null where it let it pass. */
interface Recorded {
  readonly method: string;
  readonly secure: boolean;
  readonly host: string;
  readonly referer: string | null;
  readonly cookie: string | null;
  readonly header: string | null;
  /** The form field, of a POST. */
  readonly field: string | null;
  /** Hosts; Django 4 and later write them as origins. */
  readonly trusted: readonly string[];
  readonly domain: string | null;
  readonly fault: string | null;
}

const recorded = JSON.parse(readFileSync(join(__dirname, '../../vectors/django-csrf.json'), 'utf8')) as Recorded[];

const OLD_TEXT = 'CSRF token missing or incorrect.';

async function faultOf({ method, secure, host, field, ...sent }: Recorded): Promise<string | null> {
  const origins = sent.trusted.map((name) => `https://${name.startsWith('.') ? '*' : ''}${name}`);
  const settings = defineSettings(
    { allowedHosts: ['.example.com', 'testserver'], secureProxySslHeader: ['X-Forwarded-Proto', 'https'] },
    session({ store: new MemorySessionStore(), secretKey }),
    csrf({ trustedOrigins: origins, cookieDomain: sent.domain }),
  );
  const headers = {
    host,
    referer: sent.referer ?? undefined,
    'x-csrftoken': sent.header ?? undefined,
    'x-forwarded-proto': secure ? 'https' : undefined,
    cookie: sent.cookie === null ? undefined : `csrftoken=${sent.cookie}`,
    'content-type': method === 'POST' ? 'application/x-www-form-urlencoded' : undefined,
  };
  const body = field === null ? {} : { csrfmiddlewaretoken: field };
  return findCsrfFault({ method, headers, body: method === 'POST' ? body : undefined }, settings);
}

it.each(recorded.map((one, i) => [i, one] as const))(
  'request %i is judged as Django has judged it (A-083, A-086, A-088, A-091, A-092)',
  async (_, one) => {
    const fault = await faultOf(one);
    // Later versions of Django say more precisely what is wrong with a token.
    if (one.fault === OLD_TEXT) expect(fault).toMatch(/^CSRF token (missing|from .+ (incorrect|has .+))\.$/);
    else expect(fault).toBe(one.fault);
  },
);
