import type { EntityManager } from '@mikro-orm/core';
import type { ModelSource } from '../../core/model-permissions';
import { ContentType, Permission } from '../entities/models';
import { execute } from '../orm';
import type { Orm } from '../orm';

/** A model of an app, for which permissions are made. An entity class can carry these names as static fields. */
export interface ModelDeclaration extends ModelSource {
  /** What people read: `Can add …`. @default the name of the model */
  readonly verboseName?: string;
  /** Permissions beside those to add, change, delete and view: the codename, and what people read. @default [] */
  readonly permissions?: readonly (readonly [codename: string, name: string])[];
}

/** What Django declares, by table. The proxy is what Django's admin shows tokens by; it has permissions of its own. */
const DJANGO_MODELS: readonly (readonly [table: string, model: ModelDeclaration])[] = [
  ['auth_permission', { appLabel: 'auth', modelName: 'permission' }],
  ['auth_group', { appLabel: 'auth', modelName: 'group' }],
  ['auth_user', { appLabel: 'auth', modelName: 'user' }],
  ['django_content_type', { appLabel: 'contenttypes', modelName: 'contenttype', verboseName: 'content type' }],
  ['django_session', { appLabel: 'sessions', modelName: 'session' }],
  ['authtoken_token', { appLabel: 'authtoken', modelName: 'token', verboseName: 'Token' }],
  ['authtoken_token', { appLabel: 'authtoken', modelName: 'tokenproxy', verboseName: 'token' }],
];

const ACTIONS = ['add', 'change', 'delete', 'view'];

/**
 * Makes the content types and permissions that are missing: those of Django's tables that the app maps, and those of its
 * own models. What is there stays as it is. `migrate` does this; call it after a migrator of your own.
 *
 * @example await createPermissions(orm, [{ appLabel: 'notes', modelName: 'note' }]);
 */
export async function createPermissions(orm: Orm, models: readonly ModelDeclaration[] = []): Promise<void> {
  await orm.em.fork().transactional((em) => insertPermissions(em, models));
}

/** @internal The same in a transaction that is under way. Without tables of permissions it does nothing. */
export async function insertPermissions(em: EntityManager, models: readonly ModelDeclaration[]): Promise<void> {
  const classes = new Set<unknown>();
  const tables = new Set<string>();
  for (const { class: entityClass, tableName } of em.getMetadata()) {
    classes.add(entityClass);
    tables.add(tableName);
  }
  if (!classes.has(ContentType) || !classes.has(Permission)) return;
  const mapped = DJANGO_MODELS.filter(([table]) => tables.has(table)).map(([, model]) => model);
  for (const model of [...mapped, ...models]) await insertModel(em, model);
}

async function insertModel(em: EntityManager, model: ModelDeclaration): Promise<void> {
  const { appLabel, modelName, verboseName = modelName, permissions = [] } = model;
  // The look comes first: a conflict alone would leave a gap in the numbers of a table that is Django's.
  await execute(
    em,
    `INSERT INTO django_content_type (app_label, model) SELECT ?, ?
      WHERE NOT EXISTS (SELECT FROM django_content_type WHERE app_label = ? AND model = ?) ON CONFLICT DO NOTHING`,
    [appLabel, modelName, appLabel, modelName],
  );
  const defaults = ACTIONS.map((action) => [`${action}_${modelName}`, `Can ${action} ${verboseName}`] as const);
  for (const [codename, name] of [...defaults, ...permissions]) {
    await execute(
      em,
      `INSERT INTO auth_permission (name, content_type_id, codename) SELECT ?, c.id, ? FROM django_content_type c
        WHERE c.app_label = ? AND c.model = ?
          AND NOT EXISTS (SELECT FROM auth_permission p WHERE p.content_type_id = c.id AND p.codename = ?)
        ON CONFLICT DO NOTHING`,
      [name, codename, appLabel, modelName, codename],
    );
  }
}
