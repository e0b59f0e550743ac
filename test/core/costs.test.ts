import { createHook } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  defineSettings,
  IsAuthenticated,
  Response,
  TokenAuthentication,
  UserRateThrottle,
  type Handler,
  type HostRequest,
} from 'sallyport';
import { MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { createSink } from '../support/sink';

const REQUESTS = 50;

const sink = createSink();

/** Promises that one request takes; one of them is the caller's own `await`. */
async function promisesOf(handler: Handler, authorization?: string): Promise<number> {
  const raw = (): HostRequest => ({
    method: 'GET',
    url: '/',
    headers: { accept: 'application/json', ...(authorization !== undefined && { authorization }) },
  });
  await handler(raw(), sink);
  let promises = 0;
  const hook = createHook({ init: (_id, type) => (promises += type === 'PROMISE' ? 1 : 0) }).enable();
  for (let i = 0; i < REQUESTS; i++) await handler(raw(), sink);
  hook.disable();
  return promises / REQUESTS;
}

describe('What a request costs', () => {
  class Hello extends APIView {
    static override settings = defineSettings({ defaultAuthenticationClasses: [] });
    override get(): Response {
      return new Response({ message: 'hello' });
    }
  }

  it('a view that waits for nothing takes two promises', async () => {
    expect(await promisesOf(Hello.asView())).toBeLessThanOrEqual(3);
  });

  it('a token that is looked up, a permission and a throttle take seven, refused or not', async () => {
    const users = new MemoryUserStore();
    const user = await users.createUser({ username: 'ann' });
    const store = new MemoryTokenStore();
    const [{ key }] = await store.getOrCreate(user);
    class Me extends APIView {
      static override settings = defineSettings(
        { defaultAuthenticationClasses: [TokenAuthentication], defaultThrottleRates: { user: '1000/min' } },
        authtoken({ store }),
      );
      static override permissionClasses = [IsAuthenticated];
      static override throttleClasses = [UserRateThrottle];
      override get(): Response {
        return new Response({ message: 'hello' });
      }
    }
    expect(await promisesOf(Me.asView(), `Token ${key}`)).toBeLessThanOrEqual(8);
    expect(await promisesOf(Me.asView(), `Token ${'f'.repeat(40)}`)).toBeLessThanOrEqual(8);
  });
});
