import { ImproperlyConfigured, Http404, MethodNotAllowed } from './exceptions';
import { BasePermission, SAFE_METHODS } from './permissions';
import { chain, type Awaitable } from './policy';
import type { Request } from './request';
import type { APIView } from './views';

/**
 * The names by which permissions know a model: those of Django, in small letters. An entity class can carry them:
 * `static readonly appLabel = 'notes'; static readonly modelName = 'note';`.
 */
export interface ModelSource {
  readonly appLabel: string;
  readonly modelName: string;
}

/** The permissions that each HTTP method needs; `%(app_label)s` and `%(model_name)s` stand for the names of the model. */
export type PermsMap = Readonly<Record<string, readonly string[]>>;

const PERMS_MAP: PermsMap = Object.freeze({
  GET: [],
  OPTIONS: [],
  HEAD: [],
  POST: ['%(app_label)s.add_%(model_name)s'],
  PUT: ['%(app_label)s.change_%(model_name)s'],
  PATCH: ['%(app_label)s.change_%(model_name)s'],
  DELETE: ['%(app_label)s.delete_%(model_name)s'],
});

interface ModelView {
  getQueryset?(): Awaitable<ModelSource | null | undefined>;
}

/** What the class of a view may declare for these permissions. */
interface Declarations {
  readonly queryset?: ModelSource | null;
  readonly _ignoreModelPermissions?: boolean;
}

/**
 * Users with Django's permission to add, change or delete what the view works on; reading takes a user and no more.
 *
 * The view names its model by `static queryset`, or by a method `getQueryset()` where that depends on the request. A
 * method that is not in `permsMap` is refused with 405. `static _ignoreModelPermissions = true` leaves a view out.
 *
 * @example
 * class NoteList extends AppView {
 *   static queryset = { appLabel: 'notes', modelName: 'note' };
 *   static override permissionClasses: PermissionClasses = [DjangoModelPermissions];
 * }
 */
export class DjangoModelPermissions extends BasePermission {
  readonly permsMap: PermsMap = PERMS_MAP;
  /** Whether anonymous requests are refused at once, also where a method needs no permission. */
  readonly authenticatedUsersOnly: boolean = true;

  /** @throws MethodNotAllowed for a method that is not in `permsMap` */
  getRequiredPermissions(method: string, model: ModelSource): string[] {
    return fillIn(this.permsMap, method, model);
  }

  /** @throws ImproperlyConfigured when the view names no model, or the user can't be asked */
  override hasPermission(request: Request, view: APIView): Awaitable<boolean> {
    return chain(request.loadUser(), () => {
      const { user } = request;
      if (user === null || (!user.isAuthenticated && this.authenticatedUsersOnly)) return false;
      if (declared(view, '_ignoreModelPermissions') === true) return true;
      return chain(this.getModel(view), (model) => hasPerms(user, this.getRequiredPermissions(request.method, model)));
    });
  }

  /** The model that the view works on. */
  protected getModel(view: APIView & ModelView): Awaitable<ModelSource> {
    const { name } = view.constructor;
    if (view.getQueryset !== undefined) {
      return chain(view.getQueryset(), (model) => model ?? refuse(`${name}.getQueryset() returned ${String(model)}`));
    }
    return (
      declared(view, 'queryset') ??
      refuse(
        `Cannot apply ${this.constructor.name} on a view that does not set \`.queryset\` or have a \`.getQueryset()\` ` +
          `method. Write: class ${name} { static queryset = { appLabel: 'notes', modelName: 'note' } }`,
      )
    );
  }
}

function declared<Name extends keyof Declarations>(view: APIView, name: Name): Declarations[Name] {
  if (name in view) refuse(`${view.constructor.name}.${name} belongs to the class. Write \`static ${name} = …\`.`);
  return (view.constructor as Declarations)[name];
}

function refuse(message: string): never {
  throw new ImproperlyConfigured(message);
}

/** The same, and for GET, HEAD and OPTIONS anybody. */
export class DjangoModelPermissionsOrAnonReadOnly extends DjangoModelPermissions {
  override readonly authenticatedUsersOnly: boolean = false;
}

/**
 * Users with the permission for the model and for the object, which takes a backend that knows of objects (see
 * `BaseBackend`). Who may not even read the object is told that there is none: 404, not 403.
 */
export class DjangoObjectPermissions extends DjangoModelPermissions {
  /** @throws MethodNotAllowed for a method that is not in `permsMap` */
  getRequiredObjectPermissions(method: string, model: ModelSource): string[] {
    return fillIn(this.permsMap, method, model);
  }

  /** @throws Http404 when the user may not read the object */
  override async hasObjectPermission(request: Request, view: APIView, obj: unknown): Promise<boolean> {
    const user = await request.getUser();
    const model = await this.getModel(view);
    const mayWith = (method: string): Awaitable<boolean> =>
      hasPerms(user, this.getRequiredObjectPermissions(method, model), obj);
    if (await mayWith(request.method)) return true;
    if (SAFE_METHODS.has(request.method) || !(await mayWith('GET'))) throw new Http404();
    return false;
  }
}

function fillIn(permsMap: PermsMap, method: string, { appLabel, modelName }: ModelSource): string[] {
  if (!Object.hasOwn(permsMap, method)) throw new MethodNotAllowed(method);
  return permsMap[method]!.map((pattern) =>
    pattern.replaceAll('%(app_label)s', () => appLabel).replaceAll('%(model_name)s', () => modelName),
  );
}

/** What these permissions ask of a user; `AbstractBaseUser` and `AnonymousUser` have it. */
interface AskableUser {
  hasPerms(perms: readonly string[], obj?: unknown): Awaitable<boolean>;
}

function hasPerms(user: object | null, perms: readonly string[], obj?: unknown): Awaitable<boolean> {
  if (user !== null && 'hasPerms' in user) return (user as AskableUser).hasPerms(perms, obj);
  return refuse(
    `A user of the class ${user?.constructor.name ?? 'null'} can't be asked for permissions. ` +
      'Derive the class from AbstractBaseUser, or give it a method hasPerms(perms, obj).',
  );
}
