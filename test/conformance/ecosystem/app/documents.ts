import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Settings under Django's names. */
export type DjangoSettings = Readonly<Record<string, unknown>>;

/** One set of settings, in force below a path of its own. */
export interface Profile {
  readonly settings: Readonly<Record<string, DjangoSettings>>;
  /** The authentication classes of the views that tell who is there, in order; without it there are none. */
  readonly whoami?: readonly string[];
  /** Apps of Django that are not installed here. */
  readonly removeApps?: readonly string[];
}

/** The profiles of one package. */
export interface ProfilesDocument {
  readonly system: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

export interface UserFixture {
  readonly username: string;
  /** Null: no password fits. */
  readonly password: string | null;
  readonly email?: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly is_active?: boolean;
  readonly is_staff?: boolean;
  readonly is_superuser?: boolean;
}

/** A token of DRF's. */
export interface TokenFixture {
  readonly key: string;
  readonly user: string;
}

/** A token of knox, in clear. */
export interface KnoxTokenFixture {
  readonly token: string;
  readonly user: string;
  /** Null: never. */
  readonly expiry: string | null;
}

/** An API key, in clear. */
export interface APIKeyFixture {
  readonly name: string;
  readonly prefix: string;
  readonly secret: string;
  readonly revoked?: boolean;
  readonly expiry_date?: string;
}

/** The data at the start. */
export interface Fixtures {
  /** Django's `SECRET_KEY`, of all profiles. */
  readonly secret_key: string;
  readonly users: readonly UserFixture[];
  readonly tokens?: readonly TokenFixture[];
  readonly knoxTokens?: readonly KnoxTokenFixture[];
  readonly apiKeys?: readonly APIKeyFixture[];
}

export function readDocument<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** The profiles of every package in the folder of a kit. */
export function findProfiles(kit: string): string[] {
  return readdirSync(kit)
    .map((folder) => join(kit, folder, 'profiles.json'))
    .filter(existsSync);
}
