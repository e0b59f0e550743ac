import type { BaseUser, User } from '../../core/users';

/** A kind of rows, such as `notes | note`: a row of `django_content_type`. */
export class ContentType {
  id!: number;
  appLabel = '';
  /** The name of the model, in small letters. */
  model = '';

  /** What names the row in every database. */
  naturalKey(): [appLabel: string, model: string] {
    return [this.appLabel, this.model];
  }

  toString(): string {
    return `${this.appLabel} | ${this.model}`;
  }
}

/** Something that users may do with the rows of a kind: a row of `auth_permission`. */
export class Permission {
  id!: number;
  /** What people read: `Can add note`. */
  name = '';
  contentType!: ContentType;
  /** With the app's label before it, what code asks for: `add_note`. */
  codename = '';

  /** What names the row in every database; the content type must be loaded. */
  naturalKey(): [codename: string, appLabel: string, model: string] {
    return [this.codename, ...this.contentType.naturalKey()];
  }

  toString(): string {
    return `${String(this.contentType)} | ${this.name}`;
  }
}

/** Users who share permissions: a row of `auth_group`. */
export class Group {
  id!: number;
  name = '';

  /** What names the row in every database. */
  naturalKey(): [name: string] {
    return [this.name];
  }

  toString(): string {
    return this.name;
  }
}

/** A user belongs to a group: a row of `auth_user_groups`. */
export class UserGroup<U extends BaseUser = User> {
  id!: number;
  user!: U;
  group!: Group;
}

/** A user has a permission in person: a row of `auth_user_user_permissions`. */
export class UserPermission<U extends BaseUser = User> {
  id!: number;
  user!: U;
  permission!: Permission;
}

/** The users of a group have a permission: a row of `auth_group_permissions`. */
export class GroupPermission {
  id!: number;
  group!: Group;
  permission!: Permission;
}

/** A session as Django keeps it: a row of `django_session`. */
export class DjangoSession {
  /** The value of the client's cookie. */
  sessionKey = '';
  /** The signed text. */
  sessionData = '';
  expireDate!: Date;

  toString(): string {
    return this.sessionKey;
  }
}
