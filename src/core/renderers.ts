import { escapeLineSeparators, isPlainJSON, isWrittenWhole, toPlain, writeJSON, type JSONStyle } from '../http/json';
import { parseMediaType } from '../http/media-types';
import type { Awaitable } from './policy';
import type { Request } from './request';
import type { Response } from './response';
import type { Settings } from './settings';
import type { APIView, Params } from './views';

/** What a renderer may look at beside the data. */
export interface RendererContext {
  readonly view: APIView;
  readonly params: Params;
  readonly request: Request;
  readonly response: Response;
  /** Blanks per level of JSON, where the accepted media type names none. */
  readonly indent?: number;
}

/** Turns the data of a response into text or bytes. */
export interface Renderer {
  /** The media type that is negotiated and sent, with parameters if any. */
  readonly mediaType: string;
  /** The word of the format suffix and the `format` query parameter. */
  readonly format: string | null;
  /** The charset that is added to the media type; null for bytes. */
  readonly charset: string | null;
  /** Text from `render` is UTF-8 though the media type names no charset, as with `application/json`. */
  readonly encodesUtf8?: boolean;
  readonly renderStyle?: 'text' | 'binary';
  render(data: unknown, acceptedMediaType: string, context: RendererContext): Awaitable<string | Uint8Array | null>;
}

/** The base of renderers: data in, bodies of one media type out. */
export abstract class BaseRenderer implements Renderer {
  abstract readonly mediaType: string;
  abstract readonly format: string | null;
  readonly charset: string | null = 'utf-8';
  readonly renderStyle: 'text' | 'binary' = 'text';

  constructor(protected readonly settings: Settings) {}

  abstract render(
    data: unknown,
    acceptedMediaType: string,
    context: RendererContext,
  ): Awaitable<string | Uint8Array | null>;
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseRenderer.prototype.render = () => {
  throw new Error('Renderer class requires .render() to be implemented');
};

/** An instance that is no user, see `JSONRenderer.toPlain`. */
function isInstanceWritten(value: object): boolean {
  return !('isAuthenticated' in value) && isWrittenWhole(value);
}

/**
 * `application/json`, without a charset: JSON is UTF-8 (RFC 8259, 8.1).
 *
 * What JSON doesn't know is written by `toPlain`. What has a `toJSON` decides by itself what of it is seen: an entity
 * of MikroORM leaves out its hidden properties there. An instance of any other class is written with all its own
 * enumerable members, but for users: those are refused, since one of these members is the password.
 */
export class JSONRenderer extends BaseRenderer {
  readonly mediaType: string = 'application/json';
  readonly format: string | null = 'json';
  override readonly charset: string | null = null;
  readonly encodesUtf8: boolean = true;
  /** Characters outside ASCII as `\uXXXX`; the setting `unicodeJson` turned round. */
  readonly ensureAscii: boolean | null = null;
  /** `,` and `:` without blanks; the setting `compactJson`. */
  readonly compact: boolean | null = null;
  /** NaN and infinities are an error; the setting `strictJson`. */
  readonly strict: boolean | null = null;

  render(data: unknown, acceptedMediaType: string, context: RendererContext): string {
    if (data === null || data === undefined) return '';
    const indent = this.getIndent(acceptedMediaType, context);
    const compact = this.compact ?? this.settings.compactJson;
    const ascii = this.ensureAscii ?? !this.settings.unicodeJson;
    if (indent === 0 && compact && !ascii && isPlainJSON(data, this.#isWritten)) {
      return escapeLineSeparators(JSON.stringify(data));
    }
    return this.#write(data, { indent, compact, ascii });
  }

  /** What a `toPlain` of one's own makes of an object is for the writer to ask. */
  get #isWritten(): ((value: object) => boolean) | undefined {
    return this.toPlain === JSONRenderer.prototype.toPlain ? isInstanceWritten : undefined;
  }

  #write(data: unknown, style: Pick<JSONStyle, 'indent' | 'compact' | 'ascii'>): string {
    const strict = this.strict ?? this.settings.strictJson;
    return writeJSON(data, { ...style, strict, toPlain: (value) => this.toPlain(value) });
  }

  /** The parameter `indent` of the accepted media type, within 0 to 8; else that of the context; else 0. */
  getIndent(acceptedMediaType: string, context: RendererContext): number {
    if (acceptedMediaType !== this.mediaType) {
      const text = parseMediaType(acceptedMediaType).params.get('indent');
      if (text !== undefined && /^\s*[+-]?\d+\s*$/.test(text)) return Math.min(Math.max(Number(text), 0), 8);
    }
    return context.indent ?? 0;
  }

  /**
   * What is written for an object that is neither an array nor a map; the object itself to write its own enumerable
   * members. Override it for classes of your own, as `default` of DRF's encoder.
   * @throws TypeError for a user that has no `toJSON`, as DRF does for any model
   */
  toPlain(value: object): unknown {
    const plain = toPlain(value);
    if (plain === value && Object.getPrototypeOf(value) !== Object.prototype && 'isAuthenticated' in value) {
      throw new TypeError(
        `A user is not written to JSON whole, since it holds a password. Answer with the fields that clients may see.`,
      );
    }
    return plain;
  }
}
