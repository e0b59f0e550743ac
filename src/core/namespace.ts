import { ImproperlyConfigured } from './errors';
import type { Settings } from './settings';

/** The options of one scheme, ready to be handed to `defineSettings`. */
export interface NamespaceValue<T extends object = object> {
  readonly key: symbol;
  readonly name: string;
  readonly values: Readonly<T>;
}

/** A scheme's options: call it to set them, ask `of(settings)` to read them. */
export interface Namespace<T extends object> {
  (values: Partial<T>): NamespaceValue<T>;
  readonly namespaceName: string;
  /**
   * The options in force in `settings`.
   * @throws ImproperlyConfigured when a required option is missing; the message names it.
   */
  of(settings: Settings): Readonly<T>;
  /** The same, but null where the scheme isn't set up (a required option is missing). */
  find(settings: Settings): Readonly<T> | null;
}

/**
 * Declares the options of a scheme once. The core knows nothing of them; they travel inside the settings.
 *
 * @param name the word in error messages, such as `jwt`
 * @param defaults the value of every option that need not be set
 * @param required options without a default
 */
export function namespace<T extends object>(
  name: string,
  defaults: Readonly<Partial<T>>,
  required: readonly (keyof T & string)[] = [],
): Namespace<T> {
  const key = Symbol.for(`sallyport.settings.${name}`);
  const valuesIn = (settings: Settings): Readonly<Partial<T>> =>
    (settings.namespaces.get(key) as Readonly<Partial<T>> | undefined) ?? defaults;
  const missingIn = (values: Readonly<Partial<T>>): string | undefined => {
    for (const option of required) if (values[option] === undefined) return option;
    return undefined;
  };

  const declare = (given: Partial<T>): NamespaceValue<T> => {
    refuseUnknown(name, given, [...Object.keys(defaults), ...required]);
    refuseUndefined(name, given, Object.keys(defaults));
    refuseNoNumbers(name, given, defaults);
    return { key, name, values: Object.freeze({ ...defaults, ...given }) as Readonly<T> };
  };
  return Object.assign(declare, {
    namespaceName: name,
    of(settings: Settings): Readonly<T> {
      const values = valuesIn(settings);
      const missing = missingIn(values);
      if (missing !== undefined) throw new ImproperlyConfigured(lacks(name, missing));
      return values as Readonly<T>;
    },
    find(settings: Settings): Readonly<T> | null {
      const values = valuesIn(settings);
      return missingIn(values) === undefined ? (values as Readonly<T>) : null;
    },
  });
}

function refuseUnknown(name: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  throw new ImproperlyConfigured(
    `Unknown option '${unknown}' in the settings of '${name}'. Known options: ${known.join(', ')}.`,
  );
}

/** Put over a default, a check that a misspelled import lost would be switched off. */
function refuseUndefined(name: string, given: object, withDefault: readonly string[]): void {
  const lost = Object.entries(given).find(([option, value]) => value === undefined && withDefault.includes(option));
  if (lost === undefined) return;
  throw new ImproperlyConfigured(
    `The option '${lost[0]}' in the settings of '${name}' is undefined. Leave it out to have its default.`,
  );
}

/** A text such as '60', from the environment say, would be added to a time as a text, and NaN compares as nothing does. */
function refuseNoNumbers(name: string, given: object, defaults: object): void {
  const wrong = Object.entries(given as Readonly<Record<string, unknown>>).find(
    ([option, value]) => typeof Reflect.get(defaults, option) === 'number' && value !== null && !Number.isFinite(value),
  );
  if (wrong === undefined) return;
  const [option, value] = wrong;
  throw new ImproperlyConfigured(
    `Unrecognized type '${typeof value}', '${option}' must be a number in the settings of '${name}', such as ` +
      `${name}({ ${option}: 60 }).`,
  );
}

function lacks(name: string, option: string): string {
  return (
    `The settings of '${name}' lack '${option}'. ` +
    `Give it where the settings are made: defineSettings({ … }, ${name}({ ${option}: … })).`
  );
}
