import { getErrorDetails, isAPIException, ValidationError, type ErrorTree } from '../../core/exceptions';
import type { DescribedSerializer, FieldInfo } from '../../core/metadata';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import { pythonType } from '../../core/validation/texts';
import { fieldOf, plain, readText } from '../token/credentials';
import { jwt, type JWTSettings } from './settings';

/** What a serializer of tokens may look at beside the data: DRF's `context`. */
export interface SerializerContext {
  readonly settings: Settings;
  /** The request of the view; outside of views there is none. */
  readonly request?: Request;
}

/** What the fields of a body hold; each is text. */
export type Attributes = Readonly<Record<string, string>>;

/** What becomes the answer of a view. */
export type ValidatedData = Record<string, unknown>;

/** Reads text fields, and lets `validate` make the answer of them. Override that to add to the answer. */
export abstract class TextSerializer implements DescribedSerializer {
  #errors: ErrorTree | undefined;
  #validated: ValidatedData | undefined;
  #checked: Promise<void> | undefined;

  constructor(
    readonly initialData: unknown,
    readonly context: SerializerContext,
  ) {}

  /** Fields that clients send. */
  protected abstract get inputs(): readonly string[];

  /** Fields that are only in the answer. */
  protected get outputs(): readonly string[] {
    return [];
  }

  /**
   * The answer for good fields.
   * @throws ValidationError, TokenError, AuthenticationFailed
   */
  abstract validate(attributes: Attributes): Promise<ValidatedData>;

  get settings(): Settings {
    return this.context.settings;
  }

  /** What OPTIONS tells of the fields. */
  get fields(): Readonly<Record<string, FieldInfo>> {
    return Object.fromEntries([
      ...this.inputs.map((name) => [name, describe(name, true)] as const),
      ...this.outputs.map((name) => [name, describe(name, false)] as const),
    ]);
  }

  /**
   * Whether the input is good.
   * @throws ValidationError with `raiseException`
   * @throws TokenError, AuthenticationFailed for a token or credentials that aren't taken, in any case
   */
  async isValid({ raiseException = false }: { readonly raiseException?: boolean } = {}): Promise<boolean> {
    await (this.#checked ??= this.#check());
    if (this.#errors !== undefined && raiseException) throw new ValidationError(this.#errors);
    return this.#errors === undefined;
  }

  get errors(): ErrorTree {
    return this.#errors ?? {};
  }

  /** @throws Error before `isValid`, or when it said no */
  get validatedData(): ValidatedData {
    if (this.#validated !== undefined) return this.#validated;
    throw new Error('There is no validated data: isValid() was not called, or said no.');
  }

  /** @throws Error always: a serializer is no answer, and it holds the password that the client has sent */
  toJSON(): never {
    throw new Error('A serializer was given to a Response. Give it the validatedData or the errors of the serializer.');
  }

  async #check(): Promise<void> {
    try {
      this.#validated = await this.validate(this.#readFields());
    } catch (error) {
      if (!isAPIException(error) || !(error instanceof ValidationError)) throw error;
      const { detail } = error;
      this.#errors = Array.isArray(detail) ? { [this.settings.nonFieldErrorsKey]: detail } : detail;
    }
  }

  /** @throws ValidationError */
  #readFields(): Attributes {
    const data = plain(this.initialData);
    if (data === null || data === undefined) throw new ValidationError(['No data provided'], 'null');
    if (typeof data !== 'object' || Array.isArray(data)) {
      throw new ValidationError([`Invalid data. Expected a dictionary, but got ${pythonType(data)}.`], 'invalid');
    }
    const attributes: Record<string, string> = {};
    const errors: Record<string, ErrorTree[]> = {};
    for (const name of this.inputs) {
      const value = readText(fieldOf(data, name), true);
      if (typeof value === 'string') attributes[name] = value;
      else errors[name] = value.map(([message, code]) => getErrorDetails(message, code));
    }
    if (Object.keys(errors).length > 0) throw new ValidationError(errors);
    return attributes;
  }
}

/** The base of the serializers of this scheme. */
export abstract class JWTSerializer extends TextSerializer {
  /** The options in force. */
  get options(): JWTSettings {
    return jwt.of(this.settings);
  }
}

/** A class of serializers, as views and settings take it. */
export type SerializerClass = new (data: unknown, context: SerializerContext) => JWTSerializer;

function describe(name: string, isInput: boolean): FieldInfo {
  const words = name.replaceAll('_', ' ');
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  return { type: 'string', required: isInput, read_only: !isInput, label };
}
