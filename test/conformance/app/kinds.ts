import {
  AuthenticationFailed,
  BaseAuthentication,
  BaseContentNegotiation,
  BaseParser,
  BasePermission,
  BaseRenderer,
  BaseThrottle,
  JSONRenderer,
  SAFE_METHODS,
} from 'sallyport';
import type {
  APIView,
  Parser,
  ParserContext,
  Renderer,
  RendererContext,
  Request,
  RequestStream,
  User,
} from 'sallyport';
import type { ExceptionDefinition, Note } from './documents';
import { toException } from './exceptions';

// The small custom classes of the kit, as anybody would write them. What differs from one definition to the next is a
// field: a definition is a subclass with other values.

/** Trusts a header that names the user. */
export class HeaderAuthentication extends BaseAuthentication<User, null> {
  readonly header: string = 'X-Username';

  async authenticate(request: Request): Promise<readonly [User, null] | null> {
    const username = request.headers.get(this.header);
    if (username === null) return null;
    const user = await this.settings.users!.getByNaturalKey(username);
    if (user === null) throw new AuthenticationFailed('No such user');
    return [user as User, null];
  }
}

type FixedResult = { readonly user: string; readonly auth?: unknown } | { readonly raise: ExceptionDefinition } | null;

/** Answers each request alike. */
export class FixedAuthentication extends BaseAuthentication<User> {
  readonly result: FixedResult = null;

  async authenticate(_request: Request): Promise<readonly [User, unknown] | null> {
    const { result } = this;
    if (result === null) return null;
    if ('raise' in result) throw toException(result.raise);
    const user = await this.settings.users!.getByNaturalKey(result.user);
    if (user === null) throw new Error(`There is no user '${result.user}'.`);
    return [user as User, result.auth ?? null];
  }
}

/** Answers the one check with an exception and the other with yes. */
export class RaisingPermission extends BasePermission {
  readonly raise: ExceptionDefinition = { exception: 'PermissionDenied' };
  readonly on: 'permission' | 'object' = 'permission';

  override hasPermission(_request: Request, _view: APIView): boolean {
    if (this.on === 'permission') throw toException(this.raise);
    return true;
  }

  override hasObjectPermission(_request: Request, _view: APIView, _obj: unknown): boolean {
    if (this.on === 'object') throw toException(this.raise);
    return true;
  }
}

/** Objects are their owner's; with `safe` others may look at them. */
export class OwnerPermission extends BasePermission {
  readonly safe: boolean = false;

  override async hasObjectPermission(request: Request, _view: APIView, obj: unknown): Promise<boolean> {
    if (this.safe && SAFE_METHODS.has(request.method)) return true;
    const user = (await request.getUser()) as User;
    return (obj as Note).owner === user.username;
  }
}

/** Lets some HTTP methods pass. */
export class MethodPermission extends BasePermission {
  readonly methods: readonly string[] = [];

  override hasPermission(request: Request, _view: APIView): boolean {
    return this.methods.includes(request.method);
  }
}

/** Answers each request alike; definitions replace the two methods. */
export class FixedThrottle extends BaseThrottle {
  override allowRequest(_request: Request, _view: APIView): boolean {
    return true;
  }
}

/** The body as text. */
export class TextParser extends BaseParser {
  readonly mediaType: string = 'text/plain';

  async parse(stream: RequestStream, _mediaType: string, context: ParserContext): Promise<string> {
    return context.charset.decode(await stream.read());
  }
}

/** A text as it is, nothing for null, and JSON behind a word for everything else. */
export class TextRenderer extends BaseRenderer {
  readonly mediaType: string = 'text/plain';
  readonly format: string | null = 'txt';

  render(data: unknown, _mediaType: string, context: RendererContext): string | Uint8Array {
    const text = this.#toText(data, context);
    return this.charset === null ? Buffer.from(text) : text;
  }

  #toText(data: unknown, context: RendererContext): string {
    if (data === null || data === undefined) return '';
    if (typeof data === 'string') return data;
    const json = new JSONRenderer(this.settings);
    return `data:${json.render(data, json.mediaType, context)}`;
  }
}

/** Takes the first of each, whatever the client wants. */
export class IgnoreClientNegotiation extends BaseContentNegotiation {
  selectParser(_request: Request, parsers: readonly Parser[]): Parser | null {
    return parsers[0] ?? null;
  }

  selectRenderer(_request: Request, renderers: readonly Renderer[]): readonly [Renderer, string] {
    const first = renderers[0]!;
    return [first, first.mediaType];
  }
}
