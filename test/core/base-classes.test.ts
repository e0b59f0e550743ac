import { describe, expect, it } from '@jest/globals';
import {
  BaseAuthentication,
  BaseContentNegotiation,
  BaseMetadata,
  BaseThrottle,
  BaseVersioning,
  defineSettings,
  type Request,
  type Settings,
} from 'sallyport';

/** A base class as a subclass in JavaScript sees it: every method is there, and nothing is checked. */
type Untyped = new (settings: Settings) => Readonly<Record<string, (...args: unknown[]) => unknown>>;

function unfinished(base: unknown): InstanceType<Untyped> {
  class Unfinished extends (base as Untyped) {}
  return new Unfinished(defineSettings());
}

describe('a subclass in JavaScript that leaves out a method', () => {
  it.each([
    ['D-146', BaseAuthentication, 'authenticate', '.authenticate() must be overridden.'],
    ['D-236', BaseThrottle, 'allowRequest', '.allowRequest() must be overridden'],
    ['D-259', BaseContentNegotiation, 'selectParser', '.selectParser() must be implemented'],
    ['D-259', BaseContentNegotiation, 'selectRenderer', '.selectRenderer() must be implemented'],
    ['D-320', BaseVersioning, 'determineVersion', 'Unfinished.determineVersion() must be implemented.'],
    ['D-331', BaseMetadata, 'determineMetadata', '.determineMetadata() must be overridden.'],
  ])('%s: %p is told so when its %s is called', (_row, base, method, message) => {
    expect(() => unfinished(base)[method]!()).toThrow(message);
  });
});

describe('what a base class has already', () => {
  it('D-146: an authenticator has no challenge', () => {
    class Silent extends BaseAuthentication {
      override authenticate(): null {
        return null;
      }
    }
    expect(new Silent(defineSettings()).authenticateHeader({} as Request)).toBeNull();
  });

  it('D-236: a throttle knows no wait', () => {
    class Open extends BaseThrottle {
      override allowRequest(): boolean {
        return true;
      }
    }
    expect(new Open(defineSettings()).wait()).toBeNull();
  });
});
