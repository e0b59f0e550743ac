import { getAuthorizationHeader } from '../../core/authentication';
import type { Request } from '../../core/request';
import { fromMetaName, headerValue } from '../../http/headers';
import { apiKey } from './settings';

/**
 * Finds the key in a request.
 *
 * @example class BearerKeyParser extends KeyParser { override readonly keyword: string = 'Bearer'; }
 */
export class KeyParser {
  /** The word before a key in `Authorization`, compared with case. */
  readonly keyword: string = 'Api-Key';

  /** The key, unchecked; null where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  get(request: Request<any, any>): string | null {
    const { customHeader } = apiKey.of(request.settings);
    return customHeader === null ? this.getFromAuthorization(request) : this.getFromHeader(request, customHeader);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  getFromAuthorization(request: Request<any, any>): string | null {
    // The package splits the text at the word and one blank, and takes what follows, whatever stands before.
    const parts = (getAuthorizationHeader(request) ?? '').split(`${this.keyword} `);
    return parts.length === 2 && parts[1] !== '' ? parts[1]! : null;
  }

  /** @param name the header's WSGI name, such as `HTTP_X_API_KEY` */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  getFromHeader(request: Request<any, any>, name: string): string | null {
    const value = headerValue(request.raw.headers, fromMetaName(name)) ?? '';
    return value === '' ? null : value;
  }
}
