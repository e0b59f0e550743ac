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
  const known = new Set<string>([...Object.keys(defaults), ...required]);

  function missing(values: Readonly<Partial<T>> | undefined): string | undefined {
    return required.find((option) => values?.[option] === undefined);
  }
  function values(settings: Settings): Readonly<Partial<T>> {
    return (settings.namespaces.get(key) as Readonly<Partial<T>> | undefined) ?? defaults;
  }

  const declare = (given: Partial<T>): NamespaceValue<T> => {
    for (const option of Object.keys(given)) {
      if (!known.has(option)) {
        throw new ImproperlyConfigured(
          `Unknown option '${option}' in the settings of '${name}'. Known options: ${[...known].join(', ')}.`,
        );
      }
    }
    return { key, name, values: Object.freeze({ ...defaults, ...given }) as Readonly<T> };
  };
  return Object.assign(declare, {
    namespaceName: name,
    of(settings: Settings): Readonly<T> {
      const found = values(settings);
      const lack = missing(found);
      if (lack !== undefined) {
        throw new ImproperlyConfigured(
          `The settings of '${name}' lack '${lack}'. Give it where the settings are made: defineSettings({ … }, ${name}({ ${lack}: … })).`,
        );
      }
      return found as Readonly<T>;
    },
    find(settings: Settings): Readonly<T> | null {
      const found = values(settings);
      return missing(found) === undefined ? (found as Readonly<T>) : null;
    },
  });
}
