import { ImproperlyConfigured } from '../../core/exceptions';
import type { Finding } from '../../core/findings';
import { BasePermission } from '../../core/permissions';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import type { APIView } from '../../core/views';
import { KeyParser } from './key-parser';
import { findAPIKey } from './keys';
import { APIKey } from './models';
import { apiKey, checkKeyLifetime } from './settings';
import type { APIKeyClass } from './store';

/**
 * The base of permissions for keys of a class of your own. Whoever sends a good key may pass; who they are is another
 * question, which `APIKeyAuthentication` answers.
 *
 * @example class HasOrganizationAPIKey extends BaseHasAPIKey { override readonly model = OrganizationAPIKey; }
 */
export abstract class BaseHasAPIKey extends BasePermission {
  /** The class of the keys; it must be named. */
  readonly model: APIKeyClass | null = null;
  /** Finds the key in a request. */
  readonly keyParser: KeyParser = new KeyParser();
  #verdict: Awaitable<boolean> | undefined;

  /** @throws ImproperlyConfigured without a table of keys */
  static checkSettings(settings: Settings): void {
    apiKey.of(settings);
  }

  /** Whether keys are good for ever. */
  static check(settings: Settings): Finding[] {
    return checkKeyLifetime(settings);
  }

  /** The key in a request, unchecked. */
  getKey(request: Request): string | null {
    return this.keyParser.get(request);
  }

  // One permission is of one request, so its key is looked up once, whatever is asked about it.
  override hasPermission(request: Request, _view: APIView): Awaitable<boolean> {
    return (this.#verdict ??= this.#ask(request));
  }

  override hasObjectPermission(request: Request, view: APIView, _obj: unknown): Awaitable<boolean> {
    return this.hasPermission(request, view);
  }

  #ask(request: Request): Awaitable<boolean> {
    const { model } = this;
    if (model === null) {
      throw new ImproperlyConfigured(`${this.constructor.name} must define \`.model\` with the API key model to use.`);
    }
    const key = this.getKey(request);
    return key !== null && findAPIKey(this.settings, key, model).then((found) => found !== null);
  }
}

/** Requests with a good API key, in the header `Authorization: Api-Key <key>` or the one that the settings name. */
export class HasAPIKey extends BaseHasAPIKey {
  override readonly model: APIKeyClass = APIKey;
}
