import type { IDatabaseDriver } from '@mikro-orm/core';
import { AuthUser } from './0001-auth-user';
import { AuthtokenToken } from './0002-authtoken-token';
import { DjangoContentType } from './0003-django-content-type';
import { AuthPermission } from './0004-auth-permission';
import { AuthGroup } from './0005-auth-group';
import { AuthGroupPermissions } from './0006-auth-group-permissions';
import { AuthUserGroups } from './0007-auth-user-groups';
import { AuthUserUserPermissions } from './0008-auth-user-user-permissions';
import { DjangoSession } from './0009-django-session';
import { SallyportCache } from './0010-sallyport-cache';
import { TokenBlacklistOutstandingToken } from './0011-token-blacklist-outstandingtoken';
import { TokenBlacklistBlacklistedToken } from './0012-token-blacklist-blacklistedtoken';
import { SallyportRefreshFamily } from './0013-sallyport-refresh-family';
import { KnoxAuthToken } from './0014-knox-authtoken';
import { SallyportKnoxToken } from './0015-sallyport-knox-token';
import { RestFrameworkApiKeyApikey } from './0016-rest-framework-api-key-apikey';
import type { SqlMigration } from './migration';

/** A migration under the name that is kept in the database. */
export interface NamedMigration {
  readonly name: string;
  readonly class: new (driver: IDatabaseDriver) => SqlMigration;
}

/** The table with the names of those that have run. */
export const MIGRATIONS_TABLE = 'sallyport_migrations';

/**
 * The migrations of our tables on PostgreSQL, in order: Django's tables, as Django makes them. A table that is there
 * already stays as it is, and one that the app maps no class to isn't made. Tables of your own classes are the business
 * of your own migrations.
 *
 * @example MikroORM.init({ migrations: { migrationsList: [...migrations, …] } }) // among your own
 */
export const migrations: readonly NamedMigration[] = Object.freeze([
  { name: 'sallyport_0001_auth_user', class: AuthUser },
  { name: 'sallyport_0002_authtoken_token', class: AuthtokenToken },
  { name: 'sallyport_0003_django_content_type', class: DjangoContentType },
  { name: 'sallyport_0004_auth_permission', class: AuthPermission },
  { name: 'sallyport_0005_auth_group', class: AuthGroup },
  { name: 'sallyport_0006_auth_group_permissions', class: AuthGroupPermissions },
  { name: 'sallyport_0007_auth_user_groups', class: AuthUserGroups },
  { name: 'sallyport_0008_auth_user_user_permissions', class: AuthUserUserPermissions },
  { name: 'sallyport_0009_django_session', class: DjangoSession },
  { name: 'sallyport_0010_sallyport_cache', class: SallyportCache },
  { name: 'sallyport_0011_token_blacklist_outstandingtoken', class: TokenBlacklistOutstandingToken },
  { name: 'sallyport_0012_token_blacklist_blacklistedtoken', class: TokenBlacklistBlacklistedToken },
  { name: 'sallyport_0013_sallyport_refresh_family', class: SallyportRefreshFamily },
  { name: 'sallyport_0014_knox_authtoken', class: KnoxAuthToken },
  { name: 'sallyport_0015_sallyport_knox_token', class: SallyportKnoxToken },
  { name: 'sallyport_0016_rest_framework_api_key_apikey', class: RestFrameworkApiKeyApikey },
]);

/** The options of MikroORM's own migrator that let it do what `migrate` does. */
export function migratorOptions(): { tableName: string; migrationsList: NamedMigration[]; snapshot: false } {
  return { tableName: MIGRATIONS_TABLE, migrationsList: [...migrations], snapshot: false };
}
