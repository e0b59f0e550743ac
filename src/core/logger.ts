/** Where errors are reported; the shape of pino's loggers. */
export interface Logger {
  error(context: object, message: string): void;
  /** What is no error, but may be a mistake. */
  warn?(context: object, message: string): void;
}

/** Writes to standard error, without the query of a URL, which may hold a secret. */
export const consoleLogger: Logger = {
  error(context, message) {
    // eslint-disable-next-line no-console -- the default logger; an app names its own in the settings
    console.error(message, context);
  },
  warn(context, message) {
    // eslint-disable-next-line no-console -- as above
    console.warn(message, context);
  },
};
