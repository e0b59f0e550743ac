/**
 * A mistake in the set-up of an app, met by its developer and never by a client. Its message names the setting or
 * class and shows the cure.
 */
export class ImproperlyConfigured extends Error {
  readonly code: string = 'improperly_configured';
  override name = 'ImproperlyConfigured';
}
