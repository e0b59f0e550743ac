import { ImproperlyConfigured } from '../../core/errors';

/** The error of a hasher whose package is not there, or has no binary for this machine. */
export function missingPackage(algorithm: string, name: string, cause: unknown): ImproperlyConfigured {
  return new ImproperlyConfigured(`Password hashes of ${algorithm} need a package: npm install ${name}`, { cause });
}
